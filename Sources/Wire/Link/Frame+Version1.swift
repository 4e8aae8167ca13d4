public import Base

// Version 1 of the link, which release 1 speaks (docs/protocol.txt, 5). It has no slot, no credit, and a tag of six
// bits. The meaning of its two flags depends on the op:
//
//     offset  0    1                       2..3              4..7         8..15    16..
//             op   tag << 2 | flags 1, 2   client id bytes   body bytes   number   client id, body
extension Frame {
    static let version1HeaderBytes = 16

    /// The flags of version 2 that the two bits mean for this op. Empty if the bit means nothing.
    private static func version1Flags(_ op: Op) -> (one: Flags, two: Flags) {
        switch op {
        case .connected: (.acknowledges, .single)
        case .gone: (.timedOut, [])
        case .message: (.more, .gap)
        case .hello, .undelivered, .welcome, .replaced, .turn, .credit, .settled, .disconnect,
            .acknowledged, .leave, .delivered, .engine:
            ([], [])
        }
    }

    @usableFromInline static func parseVersion1(_ input: UnsafeRawBufferPointer) -> Parsed {
        if input.count > 0, Op(rawValue: input[0]) == nil || input[0] >= Op.credit.rawValue {
            return .malformed("unknown op \(input[0])")
        }
        guard input.count >= version1HeaderBytes, let op = Op(rawValue: input[0]) else { return .incomplete }
        let idBytes = Int(input.bigEndian(at: 2, as: UInt16.self))
        let bodyBytes = Int(input.bigEndian(at: 4, as: UInt32.self))
        guard idBytes <= Limits.clientIdBytes else { return .malformed("client id of \(idBytes) bytes") }
        guard bodyBytes <= Limits.frameBodyBytes else { return .malformed("body of \(bodyBytes) bytes") }
        let total = version1HeaderBytes + idBytes + bodyBytes
        guard input.count >= total else { return .incomplete }
        let named = version1Flags(op)
        var flags: Flags = []
        if input[1] & 1 != 0 { flags.formUnion(named.one) }
        if input[1] & 2 != 0 { flags.formUnion(named.two) }
        return .frame(
            Frame(
                op: op, flags: flags, tag: UInt16(input[1] >> 2), number: input.bigEndian(at: 8),
                client: input.part(version1HeaderBytes, idBytes),
                body: input.part(version1HeaderBytes + idBytes, bodyBytes)),
            bytes: total)
    }

    @usableFromInline func writeVersion1(to out: inout Buffer) {
        let named = Frame.version1Flags(op)
        var bits = UInt8(truncatingIfNeeded: tag) << 2
        if !named.one.isEmpty, flags.contains(named.one) { bits |= 1 }
        if !named.two.isEmpty, flags.contains(named.two) { bits |= 2 }
        // Only version 2 has a body in a `replaced`, and members beside a message.
        let body = op == .replaced ? UnsafeRawBufferPointer(start: nil, count: 0) : json
        out.append(op.rawValue)
        out.append(bits)
        out.append(bigEndian: UInt16(client.count))
        out.append(bigEndian: UInt32(body.count))
        out.append(bigEndian: number)
        out.append(client)
        out.append(body)
    }
}
