package import Wire

/// What the worker's decisions need done: the socket calls of a connection, by slot.
package protocol WorkerIO: AnyObject {
    /// Writes what the socket takes at once: how many bytes, or nil where the connection is dead. Watches for more room
    /// if it was not all.
    func send(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int?
    /// Nothing more will be written: tells the client (shutdown), and goes on reading.
    func endOutput(_ slot: UInt32)
    /// Closes the descriptor. The slot is free when this returns.
    func close(_ slot: UInt32)
    /// No more is to be read from this connection until `resumeReading`: it sent too much ahead.
    func pauseReading(_ slot: UInt32)
    func resumeReading(_ slot: UInt32)
    /// CLOCK_MONOTONIC.
    func nanoseconds() -> UInt64
    /// All that was sent has reached the client's machine, and that did not say that nobody is there.
    func isTaken(_ slot: UInt32) -> Bool
    /// A request came; called only where `WorkerSettings.tellsRequests`.
    func asked(_ slot: UInt32, _ request: HTTPRequest)
}
extension WorkerIO {
    package func isTaken(_ slot: UInt32) -> Bool { true }
    package func asked(_ slot: UInt32, _ request: HTTPRequest) {}
}

/// A worker's settings, in the units that it counts in.
package struct WorkerSettings {
    package var number: UInt8 = 0
    /// Milliseconds.
    package var pollTimeout: UInt32 = 40_000
    package var headerTimeout: UInt32 = 10_000
    package var idleTimeout: UInt32 = 75_000
    /// Bytes of a request's head.
    package var maxRequest = 8192
    /// Held at most; one more is told 503.
    package var maxConnections = 131_072
    /// `["*"]`: everyone.
    package var origins = ["*"]
    /// Whether polls of script tags (JSONP) are taken.
    package var jsonp = true
    package var tellsRequests = false
    package var script: [UInt8] = []
    package var scriptETag = "\"\""
    package init() {}
}
