# What type checkers and editors see of the names that __init__.py loads at first use; a test holds the two together.
from typing import Any

from nbtrack.capture.active import active_run as active_run
from nbtrack.capture.decorator import track as track
from nbtrack.capture.experiment import create_experiment as create_experiment
from nbtrack.capture.experiment import set_experiment as set_experiment
from nbtrack.capture.fluent import delete_run as delete_run
from nbtrack.capture.fluent import delete_tag as delete_tag
from nbtrack.capture.fluent import end_run as end_run
from nbtrack.capture.fluent import get_artifact_uri as get_artifact_uri
from nbtrack.capture.fluent import last_active_run as last_active_run
from nbtrack.capture.fluent import log_artifact as log_artifact
from nbtrack.capture.fluent import log_artifacts as log_artifacts
from nbtrack.capture.fluent import log_dict as log_dict
from nbtrack.capture.fluent import log_figure as log_figure
from nbtrack.capture.fluent import log_image as log_image
from nbtrack.capture.fluent import log_input as log_input
from nbtrack.capture.fluent import log_metric as log_metric
from nbtrack.capture.fluent import log_metrics as log_metrics
from nbtrack.capture.fluent import log_param as log_param
from nbtrack.capture.fluent import log_params as log_params
from nbtrack.capture.fluent import log_table as log_table
from nbtrack.capture.fluent import log_text as log_text
from nbtrack.capture.fluent import restore_run as restore_run
from nbtrack.capture.fluent import set_tag as set_tag
from nbtrack.capture.fluent import set_tags as set_tags
from nbtrack.capture.fluent import start_run as start_run
from nbtrack.capture.progress import progress as progress
from nbtrack.capture.run import ActiveRun as ActiveRun
from nbtrack.capture.seeds import seed_everything as seed_everything
from nbtrack.comparison import compare as compare
from nbtrack.config import configure as configure
from nbtrack.errors import NbtrackError as NbtrackError
from nbtrack.replay.explain import explain as explain
from nbtrack.replay.exporting.export import export as export
from nbtrack.replay.replicate import replicate as replicate
from nbtrack.replay.rerun import rerun as rerun
from nbtrack.replay.verdict.verify import verify as verify
from nbtrack.store.handle import Run as Run
from nbtrack.store.reading import get_experiment as get_experiment
from nbtrack.store.reading import get_experiment_by_name as get_experiment_by_name
from nbtrack.store.reading import get_run as get_run
from nbtrack.store.reading import get_tracking_uri as get_tracking_uri
from nbtrack.store.reading import runs as runs
from nbtrack.store.reading import search_experiments as search_experiments
from nbtrack.store.reading import search_runs as search_runs
from nbtrack.store.reading import set_store as set_store
from nbtrack.store.reading import set_tracking_uri as set_tracking_uri
from nbtrack.store.reading import sql as sql
from nbtrack.widgets.charts.bars import bars as bars
from nbtrack.widgets.charts.curves import chart as chart
from nbtrack.widgets.charts.importance import param_importance as param_importance
from nbtrack.widgets.charts.parallel import parallel_coordinates as parallel_coordinates
from nbtrack.widgets.charts.scatter import scatter as scatter
from nbtrack.widgets.rundetail.show import RunDetail as RunDetail
from nbtrack.widgets.rundetail.show import show as show
from nbtrack.widgets.runtable.table import RunTable as RunTable
from nbtrack.widgets.runtable.table import table as table

__version__: str
__all__: list[str]

def load_ipython_extension(ipython: Any) -> None: ...
def unload_ipython_extension(ipython: Any) -> None: ...
