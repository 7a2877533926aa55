"""``@track`` on functions, methods, coroutines and generators; threads and recursion keep their runs apart."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import nbtrack


def runs_named(name):
    return [run for run in nbtrack.search_runs(output_format="list") if run.info.run_name == name]


def only(name):
    (run,) = runs_named(name)
    return run


def test_arguments_are_params_and_a_mapping_gives_metrics(workplace):
    @nbtrack.track
    def fit(X, C=0.1, penalty="l2", *extra, verbose=False, **more):
        return {"accuracy": 0.9, "loss": 0.2, "model": object()}

    result = fit([[1.0]] * 500, 0.5, depth=3)
    assert result["accuracy"] == 0.9
    run = only("fit")
    assert run.info.source.kind == "function"
    assert run.info.status == "finished"
    assert {key: run.params[key] for key in ("C", "penalty", "verbose", "depth")} == {
        "C": 0.5,
        "penalty": "l2",
        "verbose": False,
        "depth": 3,
    }
    assert run.metrics == {"accuracy": 0.9, "loss": 0.2}
    assert "def fit" in run.info.source.code


def test_a_number_is_named_after_the_return(workplace):
    @nbtrack.track
    def evaluate():
        accuracy = 0.75
        return accuracy

    @nbtrack.track(name="pair")
    def both():
        loss, accuracy = 0.1, 0.9
        return loss, accuracy

    @nbtrack.track(metrics="auc")
    def area():
        return 1 / 2

    assert evaluate() == 0.75
    assert both() == (0.1, 0.9)
    assert area() == 0.5
    assert only("evaluate").metrics == {"accuracy": 0.75}
    assert only("pair").metrics == {"loss": 0.1, "accuracy": 0.9}
    assert only("area").metrics == {"auc": 0.5}


def test_objects_with_numeric_fields(workplace):
    @dataclass
    class Scores:
        auc: float
        name: str = "x"

    Pair = namedtuple("Pair", "precision recall")

    @nbtrack.track
    def first():
        return Scores(0.5)

    @nbtrack.track
    def second():
        return Pair(0.25, 0.75)

    first()
    second()
    assert only("first").metrics == {"auc": 0.5}
    assert only("second").metrics == {"precision": 0.25, "recall": 0.75}


def test_an_error_is_the_users_and_the_run_failed(workplace):
    @nbtrack.track
    def broken(n):
        raise KeyError(n)

    with pytest.raises(KeyError):
        broken(3)
    run = only("broken")
    assert run.info.status == "failed"
    assert run.info.error.type == "KeyError"
    assert run.params == {"n": 3}


def test_methods_class_methods_and_static_methods(workplace):
    class Model:
        @nbtrack.track
        def fit(self, depth=2):
            return {"loss": 0.1}

        @classmethod
        @nbtrack.track
        def build(cls, width=4):
            return 1.5

        @nbtrack.track
        @staticmethod
        def score(k=5):
            return 2.5

    Model().fit(depth=7)
    Model.build()
    assert Model.score(k=9) == 2.5
    assert only("fit").params == {"depth": 7}
    assert only("build").params == {"width": 4}
    assert only("score").params == {"k": 9}


def test_a_coroutine(workplace):
    @nbtrack.track
    async def fetch(n):
        await asyncio.sleep(0.01 * (3 - n))
        nbtrack.log_metric("n", n)
        await asyncio.sleep(0)
        return {"twice": 2 * n}

    async def main():
        return await asyncio.gather(*(fetch(n) for n in range(3)))

    assert asyncio.run(main()) == [{"twice": 0}, {"twice": 2}, {"twice": 4}]
    found = runs_named("fetch")
    assert len(found) == 3
    for run in found:
        assert run.metrics == {"n": run.params["n"], "twice": 2.0 * run.params["n"]}
        assert run.info.parent_run_id is None


def test_a_generator_gives_a_step_per_mapping(workplace):
    @nbtrack.track
    def train(epochs):
        received = []
        for epoch in range(epochs):
            nbtrack.log_metric("inside", epoch)
            received.append((yield {"loss": 1 / (epoch + 1)}))
        return {"received": len(received)}

    generator = train(3)
    assert runs_named("train") == []
    assert next(generator) == {"loss": 1.0}
    assert nbtrack.active_run() is None
    assert generator.send("hello") == {"loss": 0.5}
    assert list(generator) == [{"loss": pytest.approx(1 / 3)}]
    run = only("train")
    assert run.info.status == "finished"
    assert list(run.history("loss")["step"]) == [0, 1, 2]
    assert run.metrics["inside"] == 2.0
    assert run.metrics["received"] == 3.0


def test_a_generator_left_early_is_finished_and_closed(workplace):
    closed = []

    @nbtrack.track
    def endless():
        try:
            while True:
                yield {"loss": 1.0}
        finally:
            closed.append(True)

    for _ in endless():
        break
    import gc

    gc.collect()
    assert closed == [True]
    assert only("endless").info.status == "finished"


def test_an_error_thrown_into_a_generator_reaches_it(workplace):
    @nbtrack.track
    def patient():
        try:
            yield 1
        except ValueError as error:
            yield str(error)

    generator = patient()
    assert next(generator) == 1
    assert generator.throw(ValueError("caught")) == "caught"
    generator.close()
    assert only("patient").info.status == "finished"


def test_recursion_nests(workplace):
    @nbtrack.track
    def down(n):
        nbtrack.log_metric("depth", n)
        return down(n - 1) if n else {"end": 1}

    down(2)
    found = {run.params["n"]: run for run in runs_named("down")}
    assert found[2].info.parent_run_id is None
    assert found[1].info.parent_run_id == found[2].info.run_id
    assert found[0].info.parent_run_id == found[1].info.run_id
    assert [found[n].metrics["depth"] for n in range(3)] == [0.0, 1.0, 2.0]


def test_threads_do_not_mix(workplace):
    @nbtrack.track
    def work(n):
        for step in range(200):
            nbtrack.log_metric("n", n, step)
        return {"last": n}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    found = runs_named("work")
    assert len(found) == 24
    for run in found:
        history = run.history("n")
        assert set(history["value"]) == {float(run.params["n"])}
        assert len(history) == 200


def test_threads_of_a_run_log_into_it(workplace):
    with nbtrack.start_run(run_name="whole") as run, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: nbtrack.log_metric("n", n, n), range(100)))
    assert sorted(run.history("n")["step"]) == list(range(100))
    assert len(nbtrack.runs()) == 1


def test_blocks_in_threads_do_not_mix(workplace):
    def work(n):
        with nbtrack.start_run(run_name=f"block {n}"):
            nbtrack.log_param("n", n)
            nbtrack.log_metric("n", n)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    for n in range(16):
        assert only(f"block {n}").params == {"n": n}


def test_an_unreadable_argument_does_not_hurt_the_call(workplace):
    class Hostile:
        def __getattr__(self, name):
            raise RuntimeError("touched")

        def __str__(self):
            raise RuntimeError("touched")

        __repr__ = __str__

    @nbtrack.track
    def use(thing, text):
        return 1

    assert use(Hostile(), "x" * 1_000_000) == 1
    assert only("use").info.status == "finished"


def test_a_wrong_call_is_the_users_error(workplace):
    @nbtrack.track
    def one(a):
        return a

    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        one()


def test_what_it_refuses():
    with pytest.raises(nbtrack.NbtrackError, match="keyword"):
        nbtrack.track("name")
    with pytest.raises(nbtrack.NbtrackError, match="functions"):
        nbtrack.track(int)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing", "threading", "spawn"])
def test_in_worker_processes(backend, workplace):
    script = workplace / "sweep.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import nbtrack

            @nbtrack.track
            def fit(C):
                nbtrack.log_metric("step", 1.0)
                return {{"loss": 1 / C}}

            if __name__ == "__main__":
                backend = {backend!r}
                if backend == "spawn":
                    import multiprocessing
                    with multiprocessing.get_context("spawn").Pool(2) as pool:
                        pool.map(fit, [1, 2, 4, 8])
                        pool.close()
                        pool.join()
                else:
                    from joblib import Parallel, delayed
                    Parallel(n_jobs=2, backend=backend)(delayed(fit)(C) for C in [1, 2, 4, 8])
            """
        )
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    table = nbtrack.runs(order_by="params.C")
    assert list(table["params.C"]) == [1, 2, 4, 8]
    assert list(table["metrics.loss"]) == [1.0, 0.5, 0.25, 0.125]
    assert set(table["status"]) == {"finished"}
    assert set(table["experiment"]) == {"sweep"}
