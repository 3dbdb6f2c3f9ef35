plugins {
    id("com.android.application") version "8.13.2" apply false
    // The compiler that check/ tests the pure part with.
    id("org.jetbrains.kotlin.android") version "2.4.20" apply false
}
