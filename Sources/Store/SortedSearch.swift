extension RandomAccessCollection where Index == Int {
    /// The index of the first element that is over a bound, or the end. The elements are in that order.
    public func firstPlace(where isOver: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isOver(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
