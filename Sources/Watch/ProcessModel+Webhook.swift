import Stats
import Supervision

// The webhook's own words.
extension ProcessModel {
    /// Milliseconds for which the app has not taken what is posted. `nil` if all is well, and for other processes.
    package func failing(_ now: UInt64) -> Double? {
        guard id == .webhook, state(now).isRunning, let time = own.value(.webhookFailing), time > 0 else { return nil }
        return time
    }
    package var failingLevel: Level { Level(own.value(.webhookFailing), Metric[.webhookFailing].threshold) }
    /// Its work: `idle`, `posting`, or `failing 3m`.
    package func webhookWord(_ now: UInt64) -> String {
        if let time = failing(now) { return "failing " + Format.span(time / 1000) }
        return own.value(.webhookWaiting) ?? 0 > 0 ? "posting" : "idle"
    }
    /// The last answer of the app in words.
    package var webhookAnswer: String {
        guard let requests = own.count(.webhookRequests), let status = own.count(.webhookStatus) else { return "?" }
        return requests == 0 ? "none yet" : status == 0 ? "none came" : "\(status)"
    }
}
