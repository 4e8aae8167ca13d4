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
    /// Each request is kept until `takeAsked`.
    package var tellsRequests = false
    package var script: [UInt8] = []
    package var scriptETag = "\"\""
    package init() {}
}
