import Base

/// A command in the form of the protocol (RESP): an array of strings.
struct RedisCommand: ~Copyable {
    private var buffer = Buffer()

    /// `count` words follow, with the name of the command.
    init(count: Int) {
        buffer.append(42)
        buffer.append(decimal: UInt64(count))
        buffer.append("\r\n")
    }
    init(_ words: [String]) {
        self.init(count: words.count)
        for word in words { add(word) }
    }

    var bytes: UnsafeRawBufferPointer { buffer.bytes }

    mutating func add(_ word: UnsafeRawBufferPointer) {
        buffer.append(36)
        buffer.append(decimal: UInt64(word.count))
        buffer.append("\r\n")
        buffer.append(word)
        buffer.append("\r\n")
    }
    mutating func add(_ word: String) {
        var word = word
        word.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }
    mutating func add(_ number: UInt64) { add(String(number)) }
}
