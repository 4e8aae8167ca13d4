package import Wire

/// Why a link is closed: its other end broke a rule of the protocol, or is not what it must be. The description is the
/// text of the log.
package enum LinkError: Error, Equatable, CustomStringConvertible {
    /// The bytes are no frame. The parser says why.
    case malformed(String)
    case unexpected(Frame.Op, fromWorker: Bool)
    case helloOfWrongSize(Int)
    case unknownVersion(UInt8)
    /// A program that can't read the run directory is no worker of ours. It would be handed our clients' messages.
    case noToken
    case workerNumber(UInt64)
    case heldBySeedWorker(UInt64)
    /// The bytes mean nothing in the seed's protocol.
    case malformedSeed(String)
    case seedWorkerNumber(Int, of: Int)
    case heldByWorker(Int)

    package var description: String {
        switch self {
        case .malformed(let why): why
        case .unexpected(let op, let fromWorker): "\(op) \(fromWorker ? "from a worker" : "before a hello")"
        case .helloOfWrongSize(let bytes): "a hello of \(bytes) bytes"
        case .unknownVersion(let version): "version \(version) of the link, this program takes 1 and 2"
        case .noToken: "a hello without the supervisor's token"
        case .workerNumber(let number): "worker number \(number)"
        case .heldBySeedWorker(let number): "number \(number) is held by a seed worker"
        case .malformedSeed(let why): "\(why) in the seed's protocol"
        case .seedWorkerNumber(let number, let workers): "seed worker \(number) of \(workers)"
        case .heldByWorker(let number): "number \(number) is held by a live worker"
        }
    }
    /// A worker was turned away by its hello. The other errors break a link off in the middle.
    var isRefusal: Bool {
        switch self {
        case .malformed, .unexpected, .malformedSeed: false
        case .helloOfWrongSize, .unknownVersion, .noToken, .workerNumber, .heldBySeedWorker, .seedWorkerNumber,
            .heldByWorker:
            true
        }
    }
}
