import Wire

// The origins whose pages may poll, and the headers that tell the pages so (CORS).
extension Worker {
    /// 0: no origin needs to be named. n: the nth origin of the settings. `nil`: the origin is not allowed.
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
