package files

// nonBlocking is nothing on Windows, where opening a pipe returns at once.
const nonBlocking = 0
