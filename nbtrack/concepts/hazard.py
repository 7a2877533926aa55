"""A hazard: a reason why the number of a run may not come back.

A notebook remembers more than it shows. nbtrack watches the cells that run and finds those that a
tracked cell depends on. The yardstick is mechanical: would Restart & Run All Above, on the
notebook as it reads now, give this result?

If it would not, the run has one of these, with the names and cells that it is about and what to
do:

* `stale_input`: something was computed from a value that has been changed since;
* `edited_cell`, `deleted_cell`: a cell that counts reads differently now, or is gone;
* `out_of_order`, `skipped_cell`: cells ran in another order than they stand in, or one above
  never ran;
* `reexecuted_non_idempotent`: a cell ran more than once, and its effects piled up;
* `partial_execution`: a cell stopped half-way with an error;
* `rng_state_carryover`: a generator was seeded, but has moved on.

Or a clean run would not help either:

* `unseeded_rng`: nobody seeded the generator;
* `volatile_input`: the clock, the hashing of strings, and the like;
* `external_changed`: a file or module has changed on disk since it was read;
* `mutates_own_input`: the cell changes what it reads, so running it once more gives something
  else.

What changes nothing is no hazard: a comment, a value set again to the same, a cell that nothing
depends on. What cannot be known, the order of cells in a console for one, is said to be unknown,
not to be fine.

The card under the cell says it; later `%nbtrack hazards RUN` does, a column of the run table, and
filters such as `hazards = 'stale_input'` or `hazard_count = 0`.
"""
