"""What the text alone says: the rival that a probe has to beat, with the same search effort.

Counts of digits, operators, words; words and pairs of words by TF-IDF; logistic regression or gradient boosting on
them. It never sees the model. Needs scikit-learn, the extra `[fit]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from edgereason.probing.features import Floats
from edgereason.probing.heads import logit

WORDS = 24  # directions kept of the words


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalSettings:
    """What is searched: trees or a linear model, with words or counts alone, and how strongly it is held back."""

    is_boosted: bool
    has_words: bool
    strength: float  # least samples of a leaf over those of the questions, or inverse L2


SETTINGS = (
    RivalSettings(is_boosted=True, has_words=True, strength=0.01),
    RivalSettings(is_boosted=True, has_words=True, strength=0.05),
    RivalSettings(is_boosted=True, has_words=False, strength=0.02),
    RivalSettings(is_boosted=False, has_words=True, strength=0.03),
    RivalSettings(is_boosted=False, has_words=True, strength=0.3),
    RivalSettings(is_boosted=False, has_words=False, strength=0.3),
)


class TextFeatures:
    """Counts and the leading directions of TF-IDF, standardised on the texts that it was fitted on."""

    def __init__(self, texts: Sequence[str], counts: Floats) -> None:
        self._words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, max_features=2000)
        found = self._words.fit_transform(texts)
        self._directions = TruncatedSVD(min(WORDS, found.shape[1] - 1), random_state=0).fit(found)
        self._scaler = StandardScaler().fit(self._raw(texts, counts))

    def _raw(self, texts: Sequence[str], counts: Floats) -> Floats:
        return np.hstack([counts, self._directions.transform(self._words.transform(texts))])

    def apply(self, texts: Sequence[str], counts: Floats) -> Floats:
        """[n, 8 + words], the counts first."""
        found: Floats = self._scaler.transform(self._raw(texts, counts))
        return found


def rival_logits(settings: RivalSettings, train: Floats, share: Floats, test: Floats, counts: int = 8) -> Floats:
    """Logits [n_test] of a model that was fitted on these text features and shares."""
    used = slice(None) if settings.has_words else slice(counts)
    truth, weight = np.repeat([1, 0], len(share)), np.concatenate([share, 1 - share])
    kept = weight > 0
    if len(set(truth[kept])) < 2:
        return np.full(len(test), logit((share.sum() + 0.5) / (len(share) + 1)))
    model = _model(settings, len(share))
    model.fit(np.vstack([train[:, used]] * 2)[kept], truth[kept], sample_weight=weight[kept])
    return logit(model.predict_proba(test[:, used])[:, 1])


def _model(settings: RivalSettings, count: int) -> Any:
    """The unfitted model."""
    if not settings.is_boosted:
        return LogisticRegression(C=settings.strength, solver="newton-cholesky", max_iter=100)
    return HistGradientBoostingClassifier(
        max_iter=80,
        learning_rate=0.08,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, round(settings.strength * count)),
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
