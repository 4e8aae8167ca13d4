import Glibc

// The hot path in small pieces, each by itself.
//
//     Benchmarks                    every piece, with nanoseconds for each operation (median of five)
//     Benchmarks NAME COUNT         one piece, so many times: for perf, and for callgrind (Tests/Benchmarks/check)
//     Benchmarks --list

/// One piece. It is made once (`prepare`) and then run so many times. The result is checked, so that nothing is
/// optimised away or silently empty.
struct Piece: Sendable {
    let name: String
    let prepare: @Sendable () -> (Int) -> Int
}

let pieces: [Piece] = wirePieces + workerPieces + managerPieces

func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
func run(_ piece: Piece, _ count: Int) -> UInt64 {
    let body = piece.prepare()
    let start = nanoseconds()
    let done = body(count)
    let end = nanoseconds()
    guard done == count else {
        print("\(piece.name): \(done) of \(count) operations did what they should")
        exit(70)
    }
    return end - start
}

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "--list" {
    for piece in pieces { print(piece.name) }
} else if arguments.count == 2, let piece = pieces.first(where: { $0.name == arguments[1] }),
    let count = Int(arguments[2])
{
    _ = run(piece, count)
} else if arguments.isEmpty {
    for piece in pieces {
        let times = (0..<5).map { _ in run(piece, 100_000) }.sorted()
        let name = piece.name + String(repeating: " ", count: max(1, 24 - piece.name.utf8.count))
        print("\(name)\(times[2] / 100_000) ns")
    }
} else {
    print("usage: Benchmarks [--list | NAME COUNT]")
    exit(64)
}
