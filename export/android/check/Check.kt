// Runs the pure part of the app on a computer, for tests/export/test_android.py.
//
//   java -cp check.jar CheckKt < cases
//
// A case is one line of words: a verb and its arguments. Its answer is one line.
import org.lpdistill.sample.pure.Picture
import org.lpdistill.sample.pure.parseLabels
import org.lpdistill.sample.pure.topK

fun answer(words: List<String>): String = when (words[0]) {
    "resize" -> { // width height new-width new-height argb...
        val (width, height, newWidth, newHeight) = words.subList(1, 5).map(String::toInt)
        val argb = words.drop(5).map { it.toUInt().toInt() }.toIntArray()
        Picture.fromArgb(width, height, argb).resize(newWidth, newHeight).toFloats()
            .joinToString(" ") { it.toInt().toString() }
    }
    "top" -> { // count labels.txt score...
        val labels = parseLabels(java.io.File(words[2]).readText())
        val scores = words.drop(3).map(String::toFloat).toFloatArray()
        topK(scores, labels, words[1].toInt()).joinToString(" ") { "${it.index}:${it.label}" }
    }
    else -> error("Unknown verb. Received: ${words[0]}")
}

fun main() {
    for (line in generateSequence(::readlnOrNull)) {
        println(runCatching { answer(line.split(" ")) }.getOrElse { "ERROR ${it.message}" })
    }
}
