#!/usr/bin/env bash
# scikit-learn 1.9.1 with SciPy 1.17.1: what DictVectorizer makes is refused by scikit-learn's own linear classifiers.
#
# A good guess would be that a pipeline of DictVectorizer and SGDClassifier, Perceptron or LinearSVC, the usual way to tag words by their
# neighbours, works as it always has. The vectorizer hands on a matrix whose indices are 64 bits wide, however small it is, and these three
# take 32 bits alone: four rows are enough. LogisticRegression takes both, and FeatureHasher and CountVectorizer hand on 32 bits.
#
# Seen, in the last lines below:
#   DictVectorizer int64: LinearSVC refused, LogisticRegression fitted, Perceptron refused, SGDClassifier refused
#   FeatureHasher int32: LinearSVC fitted, LogisticRegression fitted, Perceptron fitted, SGDClassifier fitted
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 scipy==1.17.1 numpy==2.4.6
cat > "$folder/shown.py" <<'PYTHON'
import sys

from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from sklearn.svm import LinearSVC

rows = [{"word": "red", "next": "car"}, {"word": "blue", "next": "sea"}, {"word": "red", "next": "sea"}, {"word": "blue", "next": "car"}]
labels = [0, 1, 0, 1]


def outcome(model, matrix) -> str:
    try:
        model.fit(matrix, labels)
    except ValueError as error:
        assert "32-bit" in str(error), error
        return "refused"
    return "fitted"


found = {}
for vectorizer in (DictVectorizer(), FeatureHasher()):
    matrix = vectorizer.fit_transform(rows)
    models = (LinearSVC(), LogisticRegression(), Perceptron(), SGDClassifier())
    outcomes = ", ".join(f"{type(model).__name__} {outcome(model, matrix)}" for model in models)
    found[type(vectorizer).__name__] = f"{matrix.indices.dtype}: {outcomes}"
    print(type(vectorizer).__name__, found[type(vectorizer).__name__])
expected = {
    "DictVectorizer": "int64: LinearSVC refused, LogisticRegression fitted, Perceptron refused, SGDClassifier refused",
    "FeatureHasher": "int32: LinearSVC fitted, LogisticRegression fitted, Perceptron fitted, SGDClassifier fitted",
}
sys.exit(0 if found == expected else 1)
PYTHON
"$folder/venv/bin/python" "$folder/shown.py"
