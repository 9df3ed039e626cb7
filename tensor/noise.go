package tensor

// Noise draws numbers from Philox4x32-10: element i comes from word i mod 4 of the block with
// the key (Key0, Key1) and the counter (n low, n high, Stream0, Stream1), n = First + ⌊i/4⌋ mod
// 2^64. Out is s32[Count]: the words themselves, or with Gaussian numbers of the normal
// distribution with 24 places after the point.
type Noise struct {
	Out              Operand
	Count            uint32
	Gaussian         bool
	Key0, Key1       uint32
	Stream0, Stream1 uint32
	First            uint64
}

// Code returns the number of the operation.
func (*Noise) Code() Code { return CodeNoise }

func (o *Noise) fields(w *words) {
	w.places(&o.Out)
	w.sizes(&o.Count)
	w.flags(&o.Gaussian)
	w.sizes(&o.Key0, &o.Key1, &o.Stream0, &o.Stream1)
	w.wide(&o.First)
}

func (o *Noise) check(c *check) {
	c.sizes("Count", MaxDim, o.Count)
	c.writes("Out", o.Out, 0, uint64(o.Count), S32)
}

func (o *Noise) work() Work { return Work{Steps: product(48, o.Count)} }
