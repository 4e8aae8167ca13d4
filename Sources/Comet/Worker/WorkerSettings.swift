package import Wire

/// A worker's settings, in the units that it counts in.
package struct WorkerSettings {
    package var number: UInt8 = 0
    /// Milliseconds.
    package var pollTimeout: UInt32 = 40_000
    package var heartbeat: UInt32 = 25_000
    package var headerTimeout: UInt32 = 10_000
    package var idleTimeout: UInt32 = 75_000
    /// The most bytes of a request's head.
    package var maxRequest = 8192
    /// The most connections that are held. One more is told 503.
    package var maxConnections = 131_072
    /// The origins whose pages may poll. `["*"]` allows all.
    package var origins = ["*"]
    /// Whether polls of script tags (JSONP) are taken.
    package var jsonp = true
    /// No client is served without a token.
    package var requiresTokens = false
    /// The cookie that may have a token. Empty: no cookie is read.
    package var tokenCookie: [UInt8] = []
    /// Each request is kept until `takeAsked`, for the log.
    package var tellsRequests = false
    /// Connections that one address may hold, and new ones that it may make in a second. 0: no bound.
    package var maxPerAddress = 0
    package var acceptsPerAddress = 0
    /// The proxies that say for whom they ask.
    package var forwardedFor = ForwardedFor(trusted: [])
    package var files: [PageFile: PageFile.Content] = [:]
    package init() {}
}
