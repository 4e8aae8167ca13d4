import Wire

// Which pages may poll, and what they are told of that (CORS).
extension Worker {
    /// 0: no origin needs to be named; n: the nth of the settings; nil: not allowed.
    @inline(__always)
    func allowedOrigin(_ origin: UnsafeRawBufferPointer?) -> UInt8? {
        guard let origin, !allowsEveryone else { return 0 }
        for (number, allowed) in settings.origins.enumerated() {
            var allowed = allowed
            if allowed.withUTF8({ origin.elementsEqual($0) }) { return UInt8(number + 1) }
        }
        return nil
    }
    @inline(__always)
    func cors(_ origin: UInt8) -> Answer.CORS {
        if origin > 0 { return .origin(settings.origins[Int(origin) - 1]) }
        return allowsEveryone ? .anyone : .none
    }
}
