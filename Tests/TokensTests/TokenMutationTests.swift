import Base
import Crypto
import TestSupport
import Testing
import Tokens

/// Tokens that somebody has changed, a hundred thousand of them. A signature is for the bytes of header and claims as
/// they are written. So a changed token may only be taken if these bytes are those of a token that was signed, and its
/// signature is that token's, too.
@Suite struct TokenMutationTests {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u{0}".utf8)
    private var random = SeededRandom(2035)

    @Test mutating func noChangedToken_isTaken() throws {
        let signer = try TestSigner()
        let verifier = TokenVerifier(signer.keyring.keys, signer.rules) { signer.keyring.verify($0, $1, $2) }
        // Signatures of ES256 and EdDSA cost most, so fewer of these are tried.
        let kids = ["h", "h", "h", "h", "h", "h", "h", "r", "r", "h", "h", "h", "e", "h", "h", "h", "h", "h", "d", "r"]
        let originals = kids.enumerated().map { number, kid in
            signer.token(kid, claims: TestSigner.claims([("sub", "\"u\(number)\"")]))
        }
        let known = Set(originals)
        var (taken, refused) = (0, 0)
        for round in 0..<100_000 {
            let token = changed(originals[round % originals.count], others: originals)
            let isTaken = token.withUnsafeBytes { (try? verifier.claims(of: $0, now: TestSigner.now)) != nil }
            guard isTaken else {
                refused += 1
                continue
            }
            taken += 1
            #expect(known.contains(token), "round \(round): \(String(decoding: token, as: UTF8.self))")
        }
        // A swap of two equal parts changes nothing, so some are whole.
        #expect(refused > 95_000 && taken < 5_000)
    }

    private mutating func changed(_ token: [UInt8], others: [[UInt8]]) -> [UInt8] {
        var token = token
        switch random.below(8) {
        case 0: token[random.below(token.count)] ^= UInt8(1 << random.below(8))
        case 1: token[random.below(token.count)] = Self.alphabet[random.below(Self.alphabet.count)]
        case 2: token.removeSubrange(random.below(token.count)..<token.count)
        case 3: token.remove(at: random.below(token.count))
        case 4: token.insert(Self.alphabet[random.below(Self.alphabet.count)], at: random.below(token.count + 1))
        case 5:
            // A part of another token, or of this one in the wrong place.
            var pieces = parts(token)
            pieces[random.below(3)] = parts(others[random.below(others.count)])[random.below(3)]
            token = Array(pieces.joined(separator: [46]))
        case 6: token = edited(token, part: 0)
        default: token = edited(token, part: 1)
        }
        return token
    }
    /// The token with a change in the JSON of a part, which is encoded again, or in the bytes of its signature.
    private mutating func edited(_ token: [UInt8], part: Int) -> [UInt8] {
        var pieces = parts(token)
        let part = random.below(4) == 0 ? 2 : part
        guard var bytes = pieces[part].withUnsafeBytes({ Base64URL.decode($0) }) else { return token }
        switch random.below(4) {
        case 0: bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
        case 1: bytes.insert(UInt8(ascii: " "), at: random.below(bytes.count + 1))
        case 2: bytes.remove(at: random.below(bytes.count))
        default:
            let edits = [
                ("HS", "RS"), ("RS", "HS"), ("ES", "HS"), ("256", "384"), ("u", "v"), ("18", "19"), ("\"h\"", "\"r\""),
            ]
            let (old, new) = edits[random.below(edits.count)]
            let text = String(decoding: bytes, as: UTF8.self)
            if part < 2 { bytes = Array(text.replacing(old, with: new).utf8) } else { bytes.append(0) }
        }
        pieces[part] = Array(base64URL(bytes).utf8)
        return Array(pieces.joined(separator: [46]))
    }
}
