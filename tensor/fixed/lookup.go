package fixed

// Grid says where the entries of a table lie: entry i belongs to Low + i·2^Step, and the last
// one is entry Intervals. Step is at most 30.
type Grid struct {
	Low       int32
	Step      uint32
	Intervals uint32
}

// Lookup returns the value of a table of Intervals + 1 entries at x, on the line between the
// two entries next to it, rounded down. Outside of the table it is the value of the nearest
// end. Differences wrap.
func (g Grid) Lookup(table []int32, x int32) int32 {
	if x < g.Low {
		return table[0]
	}
	at := uint32(x) - uint32(g.Low)
	i := at >> g.Step
	if i >= g.Intervals {
		return table[g.Intervals]
	}
	rest := at & (1<<g.Step - 1)
	return Line(table[i], table[i+1], rest, g.Step)
}

// Line returns a + ⌊(b - a)·rest / 2^step⌋, where the difference and the sum wrap.
func Line(a, b int32, rest, step uint32) int32 {
	return a + int32(int64(b-a)*int64(rest)>>step)
}
