import Base

/// The keys that apps may show, and when each was last of use.
///
/// A key is looked for by comparing what was given with every byte of every key, without an early end. So the time says
/// neither how much of a guess was right, nor how long a key is, nor whose it is: it depends only on how many keys
/// there are and on how long the guess is, which its sender knows. No index by a hash is used. Its lookup compares the
/// keys of one place only, and a hash of the guess would have to be as strong as a signature to be
/// compared in their stead.
/// 64 keys are 32 KiB, so the whole costs some microseconds, once for a connection or a request.
struct AppKeys {
    let all: [AppKey]
    /// The keys, each filled up with zeros to `width` bytes, and their lengths.
    private let padded: [UInt8]
    private let counts: [Int]
    private let width: Int
    /// Milliseconds of the manager's clock at which a connection with the key that is closed by now last got on.
    private var lastUse: [UInt64?]

    /// A list without keys asks apps for none.
    init(_ keys: [AppKey]) {
        all = keys
        // A plain key may be longer than those of the settings.
        let width = max(AppKey.secretBytes.upperBound, keys.map(\.secret.count).max() ?? 0)
        self.width = width
        counts = keys.map(\.secret.count)
        padded = keys.flatMap { $0.secret + Array(repeating: 0, count: width - $0.secret.count) }
        lastUse = Array(repeating: nil, count: keys.count)
    }

    /// Apps need a key.
    var areNeeded: Bool { !all.isEmpty }
    /// What an app with this key may do.
    func rights(_ key: Int?) -> AppRights { areNeeded ? key.map { all[$0].rights } ?? [] : .all }
    func name(_ key: Int?) -> String? { key.map { all[$0].name } }
    /// The name in which names of `once` are the key's own. Empty for the key that stands alone.
    func scope(_ key: Int?) -> String { key.map { all[$0].name == AppKey.plainName ? "" : all[$0].name } ?? "" }

    /// The place of the key that was given. `nil` if it is none of them.
    func find(_ given: UnsafeRawBufferPointer) -> Int? {
        guard given.count <= width else { return nil }
        var guess = Array(given)
        guess += repeatElement(0, count: width - guess.count)
        var found = -1
        for number in 0..<all.count {
            var bits: UInt8 = 0
            let start = number * width
            for at in 0..<width { bits |= guess[at] ^ padded[start + at] }
            // In Swift | and ^ bind equally strong. Without the parentheses a difference would hide in the length.
            let difference = Int(bits) | (given.count ^ counts[number])
            // No branch: all ones if nothing differs, else zero.
            let isSame = (difference - 1) >> (Int.bitWidth - 1)
            found = (found & ~isSame) | (number & isSame)
        }
        return found < 0 ? nil : found
    }

    /// The place of the same key in another list. Its rights may be others there.
    func place(of key: Int?, in other: AppKeys) -> Int? {
        key.flatMap { key in other.all.firstIndex { $0.secret == all[key].secret } }
    }

    mutating func used(_ key: Int?, at time: UInt64) {
        guard let key else { return }
        lastUse[key] = max(lastUse[key] ?? 0, time)
    }
    func lastUse(_ key: Int) -> UInt64? { lastUse[key] }
    /// The keys that stay keep their times.
    func times(for new: inout AppKeys) {
        for key in all.indices {
            if let place = place(of: key, in: new), let time = lastUse[key] { new.used(place, at: time) }
        }
    }
}
