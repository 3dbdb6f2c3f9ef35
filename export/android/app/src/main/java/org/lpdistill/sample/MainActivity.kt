package org.lpdistill.sample

import android.content.ActivityNotFoundException
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Bundle
import android.os.SystemClock
import android.view.Gravity
import android.widget.Button
import android.widget.FrameLayout
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts.PickVisualMedia
import androidx.activity.result.contract.ActivityResultContracts.TakePicturePreview
import java.util.concurrent.Executors
import org.lpdistill.sample.pure.Picture

/** One screen: a picture, from the picker or the camera, and the five best answers. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val student = lazy { Student(assets) } // used by the worker alone
    private lateinit var view: ImageView
    private lateinit var answers: TextView

    private val picker = registerForActivityResult(PickVisualMedia()) { chosen ->
        chosen?.let { work { decode(it) } }
    }

    // The camera app's small preview: more than most students see, and no file to share with it.
    private val camera = registerForActivityResult(TakePicturePreview()) { taken ->
        taken?.let { work { it } }
    }

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
            if (packageManager.hasSystemFeature(PackageManager.FEATURE_CAMERA_ANY)) {
                addView(button(R.string.camera) { camera.launch(null) })
            }
        }
        val column = LinearLayout(this).apply {
            orientation = LinearLayout.VERTICAL
            gravity = Gravity.CENTER_HORIZONTAL
            setPadding(48, 48, 48, 48)
            addView(view, LinearLayout.LayoutParams(LinearLayout.LayoutParams.MATCH_PARENT, 0, 1f))
            addView(buttons)
            addView(answers)
        }
        setContentView(FrameLayout(this).apply {
            fitsSystemWindows = true // clear of the system's bars, whose sizes become its padding
            addView(column)
        })
    }

    private fun button(text: Int, action: () -> Unit) = Button(this).apply {
        setText(text)
        setOnClickListener {
            try {
                action()
            } catch (error: ActivityNotFoundException) { // a phone without a camera app
                answers.text = getString(R.string.failed, error.message)
            }
        }
    }

    private fun decode(uri: Uri): Bitmap {
        val source = ImageDecoder.createSource(contentResolver, uri)
        return ImageDecoder.decodeBitmap(source) { decoder, info, _ ->
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // its pixels are read below
            // More detail than a screen shows would only cost memory; the student sees far less.
            decoder.setTargetSampleSize(maxOf(1, maxOf(info.size.width, info.size.height) / 1024))
        }
    }

    /** Gets a picture, shows it and classifies it, off the screen's thread. */
    private fun work(picture: () -> Bitmap) = worker.execute {
        val text = try {
            val bitmap = picture()
            runOnUiThread { view.setImageBitmap(bitmap) }
            describe(bitmap)
        } catch (error: Exception) {
            getString(R.string.failed, error.message ?: error.toString())
        }
        runOnUiThread { answers.text = text }
    }

    private fun describe(bitmap: Bitmap): String {
        val argb = IntArray(bitmap.width * bitmap.height)
        bitmap.getPixels(argb, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
        val picture = Picture.fromArgb(bitmap.width, bitmap.height, argb)
        val ready = student.value
        val begin = SystemClock.elapsedRealtimeNanos()
        val found = ready.classify(picture)
        val time = (SystemClock.elapsedRealtimeNanos() - begin) / 1e6
        val lines = found.map { getString(R.string.answer, it.label, 100 * it.score) }
        return (lines + getString(R.string.time, time, ready.file)).joinToString("\n")
    }

    override fun onDestroy() {
        worker.execute { if (student.isInitialized()) student.value.close() }
        worker.shutdown()
        super.onDestroy()
    }
}
