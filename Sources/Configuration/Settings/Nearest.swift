/// The candidate that a mistyped word was probably meant to be. It is the nearest by edits (swapping two letters counts
/// as one edit), if any is near at all.
package func nearest(_ word: String, of candidates: [String]) -> String? {
    let written = Array(word.utf8)
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let distance = editDistance(written, Array(candidate.utf8))
        if distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    guard let best, best.distance <= max(1, min(written.count, best.candidate.utf8.count) / 3) else {
        // The word was not finished, or went on too long, or it is the right name in the wrong section.
        return candidates.first { word.utf8.count >= 3 && ($0.hasPrefix(word) || word.hasPrefix($0)) }
            ?? candidates.first { $0.split(separator: ".").last == word.split(separator: ".").last }
    }
    return best.candidate
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = []
    var row = Array(0...b.count)
    for i in 1..<(a.count + 1) {
        var next = [i]
        for j in 1..<(b.count + 1) {
            var least = min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { least = min(least, before[j - 2] + 1) }
            next.append(least)
        }
        (before, row) = (row, next)
    }
    return row[b.count]
}
