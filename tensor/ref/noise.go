package ref

import (
	"math/bits"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/fixed"
	"github.com/thetaedge/theta/tensor/table"
)

// Noise draws numbers.
func Noise(o *tensor.Noise, out []int32) {
	var block [4]uint32
	for i := range out[:o.Count] {
		if i%4 == 0 {
			n := o.First + uint64(i/4)
			block = Philox([4]uint32{uint32(n), uint32(n >> 32), o.Stream0, o.Stream1}, [2]uint32{o.Key0, o.Key1})
		}
		word := block[i%4]
		if o.Gaussian {
			out[i] = gaussian(word)
		} else {
			out[i] = int32(word)
		}
	}
}

// Philox returns the block of Philox4x32-10 (Salmon and others, 2011) of a counter and a key.
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	for range 10 {
		high0, low0 := bits.Mul32(0xd2511f53, counter[0])
		high1, low1 := bits.Mul32(0xcd9e8d57, counter[2])
		counter = [4]uint32{high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0}
		key = [2]uint32{key[0] + 0x9e3779b9, key[1] + 0xbb67ae85}
	}
	return counter
}

// gaussian turns a word into a number of the normal distribution with 24 places after the point.
// The highest bit is the sign. The other bits are u, at least 1, and the size is that which a
// number passes with the chance u/2^32, from a table with the same number of intervals for each
// octave of u.
func gaussian(word uint32) int32 {
	u := max(word&fixed.Max, 1)
	octave := fixed.Len(u) - 1
	within := u<<(30-octave) - 1<<30
	const step = 30 - table.OctaveBits
	i := uint32(octave)<<table.OctaveBits + within>>step
	entries := table.Tail()
	v := fixed.Line(entries[i], entries[i+1], within&(1<<step-1), step)
	if word>>31 == 1 {
		return -v
	}
	return v
}
