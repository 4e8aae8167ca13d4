import Base
import Wire

/// The outcome of one publish.
enum Outcome {
    case sent(UInt64)
    case queued(UInt64)
    case wrong(PublishError)

    var status: Int {
        switch self {
        case .sent: 200
        case .queued: 202
        case .wrong(let error): error.status
        }
    }
    /// `index` is the place of this outcome among several. Errors say it.
    func write(to out: inout Buffer, index: Int? = nil) {
        switch self {
        case .sent(let id), .queued(let id):
            out.append("{\"id\":")
            out.append(decimal: id)
            if case .sent = self { out.append(",\"status\":\"sent\"}") } else { out.append(",\"status\":\"queued\"}") }
        case .wrong(let error): error.write(to: &out, index: index)
        }
    }
}
