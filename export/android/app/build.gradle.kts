import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

val bundle = rootProject.file(providers.gradleProperty("bundle").get())
require(bundle.resolve("bundle.json").isFile) {
    "There is no phone bundle in $bundle. Make one with export/to_tflite.py and name its folder: " +
        "-Pbundle=/path/to/phone, or bundle=... in gradle.properties."
}

android {
    namespace = "org.lpdistill.sample"
    compileSdk = 36
    defaultConfig {
        applicationId = "org.lpdistill.sample"
        minSdk = 29 // ImageDecoder, which turns photographs upright, is of 28; the theme of 29
        targetSdk = 36
        versionCode = 1
        versionName = "1"
    }
    sourceSets["main"].assets.srcDir(bundle)
    androidResources {
        noCompress += "tflite" // mapped into memory, not unpacked
        ignoreAssetsPattern = "!demo:!demo.html:!*.md" // the browser's page stays at home
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

// Not a toolchain: Android Studio brings Java 21 and would look for a 17 in vain.
kotlin { compilerOptions { jvmTarget = JvmTarget.JVM_17 } }

dependencies {
    implementation("androidx.activity:activity-ktx:1.10.1")
    // LiteRT 2 has the CompiledModel for Kotlin, and libraries for pages of 16 KB.
    implementation("com.google.ai.edge.litert:litert:2.3.0")
}
