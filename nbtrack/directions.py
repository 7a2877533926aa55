"""Which way a metric is better, as far as its name tells."""

from __future__ import annotations

from typing import Literal

_LOWER_WORDS = frozenset(
    "loss error err rmse mse mae mape msle rmsle perplexity ppl wer cer brier deviance nll logloss crossentropy "
    "cost regret fpr fnr time latency seconds duration eer fid kl divergence residual misfit".split()
)
_HIGHER_WORDS = frozenset(
    "accuracy acc score f1 auc auroc auprc roc precision recall r2 map ndcg mrr iou dice bleu rouge meteor psnr "
    "ssim kappa mcc gini sensitivity specificity tpr tnr reward return throughput likelihood explained hit "
    "silhouette".split()
)


def better_direction(key: str) -> Literal["lower", "higher"] | None:
    """Tell whether a lower or a higher value of a metric is better, by the words of its name.

    Parameters
    ----------
    key : str
        The metric's name, as ``val_loss`` or ``test.f1-score``.

    Returns
    -------
    str or None
        ``lower``, ``higher``, or None where the name does not say.

    Examples
    --------
    >>> better_direction("val_rmse"), better_direction("test.accuracy"), better_direction("n_leaves")
    ('lower', 'higher', None)
    """
    text = "".join(char if char.isalnum() else " " for char in key).lower()
    if text.startswith("neg ") or " neg " in text:
        return "higher"
    if any(phrase in text for phrase in ("log loss", "cross entropy")):
        return "lower"
    for word in reversed(text.split()):
        if word in _LOWER_WORDS:
            return "lower"
        if word in _HIGHER_WORDS:
            return "higher"
    return None
