package org.lpdistill.sample.pure

import kotlin.math.abs
import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min
import kotlin.math.round

/** A picture: red, green and blue of each pixel, 0..255, row by row. */
class Picture(val width: Int, val height: Int, val rgb: IntArray) {
    init {
        require(width > 0 && height > 0 && rgb.size == width * height * CHANNELS) {
            "A picture of ${width}x$height needs ${width * height * CHANNELS} values. " +
                "Received: ${rgb.size}"
        }
    }

    /**
     * Resizes the whole picture (bilinear, antialiased), as the training images were: the student
     * has never seen a crop, nor pixels that were skipped.
     */
    fun resize(newWidth: Int, newHeight: Int): Picture {
        if (newWidth == width && newHeight == height) return this
        val columns = weights(width, newWidth)
        val rows = weights(height, newHeight)
        val narrow = DoubleArray(newWidth * height * CHANNELS)
        for (y in 0 until height) for (x in 0 until newWidth) for (c in 0 until CHANNELS) {
            narrow[(y * newWidth + x) * CHANNELS + c] =
                columns[x].sum { rgb[(y * width + it) * CHANNELS + c].toDouble() }
        }
        val result = IntArray(newWidth * newHeight * CHANNELS)
        for (y in 0 until newHeight) for (x in 0 until newWidth) for (c in 0 until CHANNELS) {
            val value = rows[y].sum { narrow[(it * newWidth + x) * CHANNELS + c] }
            result[(y * newWidth + x) * CHANNELS + c] = round(value).toInt().coerceIn(0, 255)
        }
        return Picture(newWidth, newHeight, result)
    }

    /** The model's input: the same numbers; the scaling is inside the file. */
    fun toFloats() = FloatArray(rgb.size) { rgb[it].toFloat() }

    companion object {
        const val CHANNELS = 3

        /** From Android's packed pixels, 0xAARRGGBB; transparency is dropped. */
        fun fromArgb(width: Int, height: Int, argb: IntArray): Picture {
            val rgb = IntArray(argb.size * CHANNELS)
            for ((i, pixel) in argb.withIndex()) {
                rgb[i * CHANNELS] = pixel shr 16 and 0xFF
                rgb[i * CHANNELS + 1] = pixel shr 8 and 0xFF
                rgb[i * CHANNELS + 2] = pixel and 0xFF
            }
            return Picture(width, height, rgb)
        }
    }
}

/** The pixels that one new pixel is made of, from `first` on, and their shares. */
private class Shares(val first: Int, val shares: DoubleArray) {
    inline fun sum(value: (Int) -> Double): Double {
        var total = 0.0
        for ((i, share) in shares.withIndex()) total += share * value(first + i)
        return total
    }
}

/** A triangle around each new pixel's centre, as wide as the step when the picture shrinks. */
private fun weights(size: Int, newSize: Int): Array<Shares> {
    val step = size.toDouble() / newSize
    val reach = max(1.0, step)
    return Array(newSize) { i ->
        val centre = (i + 0.5) * step
        val first = max(0, floor(centre - reach).toInt())
        val last = min(size - 1, ceil(centre + reach).toInt())
        val raw = DoubleArray(last - first + 1) {
            max(0.0, 1.0 - abs(first + it + 0.5 - centre) / reach)
        }
        val total = raw.sum()
        Shares(first, DoubleArray(raw.size) { raw[it] / total })
    }
}
