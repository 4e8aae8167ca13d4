import CCrypto

/// Bytes that nobody can guess. `nil` if the system has none.
package func randomBytes(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return mc_random(&bytes, count) == 1 ? bytes : nil
}

/// Whether both are the same bytes. It takes equally long wherever they differ, so that nobody learns a secret byte by
/// byte. Their lengths are no secret.
package func areEqualInConstantTime(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    guard let left = a.baseAddress, let right = b.baseAddress else { return true }
    return mc_equal(left, right, a.count) == 1
}
