package org.lpdistill.sample.pure

/** A class and how sure the student is of it, 0..1. */
data class Answer(val index: Int, val label: String, val score: Float)

/** Reads labels.txt: UTF-8, one label a line, in the order of the outputs. */
fun parseLabels(text: String): List<String> = text.removePrefix("\uFEFF").trimEnd('\n').lines()

/** The `count` best answers, the best first; of equal scores the first class. */
fun topK(scores: FloatArray, labels: List<String>, count: Int): List<Answer> {
    require(scores.size == labels.size) {
        "The labels must be as many as the outputs. " +
            "Received: ${labels.size} labels, ${scores.size} outputs"
    }
    return scores.indices
        .sortedByDescending { scores[it] }
        .take(count)
        .map { Answer(it, labels[it], scores[it]) }
}
