package org.lpdistill.sample

import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.os.SystemClock
import android.view.Gravity
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.activity.result.contract.ActivityResultContracts.TakePicturePreview
import java.io.IOException
import java.util.concurrent.Executors
import org.lpdistill.sample.pure.Picture

/** One screen: a picture, from the picker or the camera, and the five best answers. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val student = worker.submit<Student> { Student(assets) }
    private lateinit var view: ImageView
    private lateinit var answers: TextView

    private val picker = registerForActivityResult(PickVisualMedia()) { it?.let(::open) }
    private val camera = registerForActivityResult(TakePicturePreview()) { it?.let(::classify) }

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        view = ImageView(this).apply {
            contentDescription = getString(R.string.picture)
            adjustViewBounds = true
        }
        answers = TextView(this).apply {
            setText(R.string.hint)
            textSize = 20f
            setPadding(0, 32, 0, 0)
        }
        val buttons = LinearLayout(this).apply {
            addView(button(R.string.choose) {
                picker.launch(PickVisualMediaRequest(PickVisualMedia.ImageOnly))
            })
            addView(button(R.string.camera) { camera.launch(null) })
        }
        val column = LinearLayout(this).apply {
            orientation = LinearLayout.VERTICAL
            gravity = Gravity.CENTER_HORIZONTAL
            fitsSystemWindows = true // keeps clear of the status and navigation bars
            setPadding(48, 48, 48, 48)
            addView(view, LinearLayout.LayoutParams(LinearLayout.LayoutParams.MATCH_PARENT, 0, 1f))
            addView(buttons)
            addView(answers)
        }
        setContentView(column)
    }

    private fun button(text: Int, action: () -> Unit) = Button(this).apply {
        setText(text)
        setOnClickListener { action() }
    }

    private fun open(uri: Uri) {
        try {
            val source = ImageDecoder.createSource(contentResolver, uri)
            classify(ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
                decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE
                // Twice the screen's detail would only cost memory; the student sees far less.
                decoder.setTargetSampleSize(maxOf(1, info.size.width / 1024))
            })
        } catch (error: IOException) {
            answers.text = getString(R.string.unreadable, error.message)
        }
    }

    private fun classify(bitmap: Bitmap) {
        view.setImageBitmap(bitmap)
        val argb = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(argb, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        worker.execute {
            val begin = SystemClock.elapsedRealtimeNanos()
            val text = try {
                val picture = Picture.fromArgb(bitmap.width, bitmap.height, argb)
                val found = student.get().classify(picture)
                val time = (SystemClock.elapsedRealtimeNanos() - begin) / 1e6
                val lines = found.map { getString(R.string.answer, it.label, 100 * it.score) }
                (lines + getString(R.string.time, time, student.get().file)).joinToString("\n")
            } catch (error: Exception) {
                error.cause?.message ?: error.message ?: error.toString()
            }
            runOnUiThread { answers.text = text }
        }
    }

    override fun onDestroy() {
        worker.execute { student.get().close() }
        worker.shutdown()
        super.onDestroy()
    }
}
