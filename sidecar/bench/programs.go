package bench

import (
	"encoding/binary"
	"math"
)

// Locals of the start functions: turns that are left, a value of 64 bits, two of 32 bits, a float
// and a vector.
const (
	localTurns, localValue, localPointer, localOther, localFloat, localVector = 0, 1, 2, 3, 4, 5

	locals = "\x04\x02\x7e\x02\x7f\x01\x7c\x01\x7b"
	// tables is where programs keep what they compute on, beyond their arguments.
	tables = 1 << 16
)

// readTurns reads the first argument, a decimal number, into the turns.
func readTurns() string {
	const pointers, texts = 1024, 2048
	return number(0) + number(4) + call(callArgsSizes) + discard +
		number(pointers) + number(texts) + call(callArgs) + discard +
		number(pointers+4) + load32 + set(localPointer) +
		block + loop +
		get(localPointer) + load8 + number('0') + sub32 + tee(localOther) + number(10) + least32 + leave(1) +
		get(localTurns) + long(10) + mul64 + get(localOther) + extend + add64 + set(localTurns) +
		get(localPointer) + number(1) + add32 + set(localPointer) + jump(0) + end + end
}

// turning returns a module that does something as often as its first argument says.
func turning(pages int, turn string, further ...string) []byte {
	return module(pages, locals+readTurns()+
		loop+turn+get(localTurns)+long(1)+sub64+tee(localTurns)+isZero64+unless+leave(0)+end+end, further)
}

// next is the next value of a linear congruential generator of 64 bits.
func next() string {
	return get(localValue) + long(6364136223846793005) + mul64 + long(1442695040888963407) + add64 + set(localValue)
}

// sweep does something with the pointer at each of 512 places of 16 bytes.
func sweep(body string) string {
	return number(tables) + set(localPointer) +
		loop + body + get(localPointer) + number(16) + add32 + tee(localPointer) + number(tables+8192) + below32 + leave(0) + end
}

// program is a program of wasm/1 that turns a loop.
type program struct {
	name, does string
	code       []byte
	// first is the number of turns of the first run: some milliseconds.
	first uint64
	// apart reports whether the program does not count towards what a node can promise.
	apart bool
}

// programs are what programs of wasm/1 spend their time with: compiled programs that hash, sort,
// multiply matrices or generate text burn at least as much fuel per second as the slowest of them.
// The last one waits for memory that no cache holds, and is several times slower than all of
// those. It is shown and does not count, because a node that promised its speed would be left
// without work.
func programs() []program {
	fibonacci := "\x00" + get(0) + number(2) + below32 + "\x04\x7f" + get(0) + "\x05" +
		get(0) + number(1) + sub32 + call(imported+1) + get(0) + number(2) + sub32 + call(imported+1) + add32 + end + end
	return []program{
		{"arithmetic", "a generator of 64 bits", turning(2, next()), 3_000_000, false},
		{"calls", "a recursive function", turning(2, number(15)+call(imported+1)+discard, fibonacci), 3_000, false},
		{
			"floats", "f64 in 8 KiB", turning(2, sweep(
				get(localPointer)+get(localPointer)+"\x2b\x03\x00"+float(0.75)+multiplyFloat+float(1.5)+addFloat+"\x39\x03\x00"+
					get(localPointer)+get(localPointer)+"\x2b\x03\x08"+float(0.75)+multiplyFloat+float(1.5)+addFloat+"\x39\x03\x08")),
			3_000, false,
		},
		{
			"vectors", "f32x4 in 8 KiB", turning(2, sweep(
				get(localPointer)+get(localPointer)+"\xfd\x00\x04\x00"+get(localPointer)+"\xfd\x00\x04\x00"+"\xfd\xe6\x01"+
					get(localVector)+"\xfd\xe4\x01"+"\xfd\x0b\x04\x00")),
			3_000, false,
		},
		{"table", "any place of 256 KiB", table(1 << 18), 300_000, false},
		{
			"bytes", "fill and copy of 64 KiB", turning(4, number(tables)+get(localTurns)+wrap+number(1<<16)+fillMemory+
				number(2*tables)+number(tables)+number(1<<16)+copyMemory),
			300, false,
		},
		{"host", "calls of random_get", turning(2, number(4096)+number(64)+call(callRandom)+discard), 3_000, false},
		{"memory", "any place of 16 MiB", table(1 << 24), 300_000, true},
	}
}

// table adds to any place of a table of a size in bytes.
func table(size int64) []byte {
	place := get(localValue) + long(20) + "\x88" + wrap + number(size-8) + "\x71"
	return turning(int(size>>16)+2, next()+
		place+tee(localPointer)+get(localPointer)+"\x29\x03"+unsigned(tables)+get(localValue)+add64+"\x37\x03"+unsigned(tables))
}

func float(f float64) string {
	return "\x44" + string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
}
