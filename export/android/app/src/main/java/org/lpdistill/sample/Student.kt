package org.lpdistill.sample

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import org.json.JSONObject
import org.lpdistill.sample.pure.Answer
import org.lpdistill.sample.pure.Picture
import org.lpdistill.sample.pure.parseLabels
import org.lpdistill.sample.pure.topK

/** One file of the bundle in the assets, ready to run. */
class Student(assets: AssetManager) : AutoCloseable {
    private val facts = JSONObject(assets.text("bundle.json"))
    private val labels = parseLabels(assets.text("labels.txt"))
    private val size = facts.getJSONObject("preprocessing").getJSONArray("image_size")

    /** The file that is used: the smallest that takes floats, but int16x8, which is slow. */
    val file: String = facts.getJSONObject("files").let { files ->
        files.keys().asSequence().filter { it != "int16x8" }.map { files.getJSONObject(it) }
            .filter { it.getJSONObject("input").getString("dtype") == "float32" }
            .minByOrNull { it.getLong("bytes") }?.getString("file")
            ?: error("No file of the bundle takes floats. Export float16 or dynamic as well.")
    }

    private val model = CompiledModel.create(assets, file, CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()

    /** The five best answers for a picture of any size. */
    fun classify(picture: Picture): List<Answer> {
        val seen = picture.resize(size.getInt(1), size.getInt(0))
        inputs[0].writeFloat(seen.toFloats())
        model.run(inputs, outputs)
        return topK(outputs[0].readFloat(), labels, 5)
    }

    override fun close() = (inputs + outputs + model).forEach(AutoCloseable::close)
}

private fun AssetManager.text(name: String) = open(name).bufferedReader().use { it.readText() }
