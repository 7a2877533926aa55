"""An artifact: a file that is kept with a run.

    nbtrack.log_artifact("model.joblib")      # a copy; a folder with all that is in it, too
    nbtrack.log_figure(figure, "roc.png")     # Matplotlib's or plotly's
    nbtrack.log_image(array, "sample.png")
    nbtrack.log_table(frame, "errors.csv")
    nbtrack.log_dict(weights, "weights.json")
    nbtrack.log_text(text, "report.md")

Each goes to the run under way. A file is kept by the hash of its content: the same one is stored
once, however many runs have it, and changing the original afterwards changes nothing.

    run = nbtrack.get_run("baseline")
    run.artifacts                             # path, size, type and hash of each
    run.artifact_file("model.joblib")         # where it lies, to be read

`%nbtrack show baseline` previews images, tables, texts and JSON; nothing in a file is run for it.
Load a pickle, as a joblib file is one, only where you trust whoever wrote it.
"""
