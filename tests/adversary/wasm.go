package adversary

import (
	"encoding/binary"
	"strings"
)

// named returns the program that never returns, under a name of its own, so that it differs
// from other programs: nodes remember the programs that have ended a worker.
func named(name string) string { return endless + section(0, vector(name)) }

// slowSteps is the number of square roots that a slow program computes in a row.
const slowSteps = 512

// heavyDigit is the last digit of the number of a task that is heavy in an uneven program:
// one task in ten. Its loop is repeated heavyLoops times, that of the others lightLoops times.
const heavyDigit, heavyLoops, lightLoops = '5', 20_000, 1_000

// slow returns a program that takes much longer for its fuel than others: each of its
// instructions waits for the previous one, and for a processor's slowest unit. A machine
// expects that a program uses fuel at the rate of ordinary ones.
//
//	x := 2.0; for { x = sqrt(sqrt(… x)) }
func slow() string {
	body := "\x01\x01\x7c" + // one local, f64
		"\x44\x00\x00\x00\x00\x00\x00\x00\x40\x21\x00" + // f64.const 2; local.set 0
		"\x03\x40\x20\x00" + strings.Repeat("\x9f", slowSteps) + "\x21\x00\x0c\x00\x0b" + // loop
		"\x0b"
	return "\x00asm\x01\x00\x00\x00" +
		section(1, "\x01\x60\x00\x00") + // type: no parameters, no results
		section(3, "\x01\x00") + // one function
		section(5, "\x01\x00\x01") + // one page of memory
		section(7, "\x02"+vector("_start")+"\x00\x00"+vector("memory")+"\x02\x00") +
		section(10, "\x01"+vector(body))
}

// uneven returns a program whose last argument is the number of a task. If its last digit is
// heavyDigit, the program repeats a loop heavyLoops times, otherwise lightLoops times.
func uneven() string {
	body := "\x01\x01\x7f" + // one local, i32
		"\x41\x00\x41\x04\x10\x00\x1a" + // call args_sizes_get with 0 and 4
		"\x41\x08\x41\xc0\x00\x10\x01\x1a" + // call args_get with 8 and 64
		"\x41" + signed(heavyLoops) + "\x41" + signed(lightLoops) +
		"\x41\x04\x28\x02\x00\x41\x3e\x6a\x2d\x00\x00" + // the byte before the last zero
		"\x41" + signed(heavyDigit) + "\x46\x1b\x21\x00" + // i32.eq; select; local.set 0
		"\x03\x40\x20\x00\x41\x01\x6b\x22\x00\x0d\x00\x0b" + // loop: count down to 0
		"\x0b"
	const wasi = "wasi_snapshot_preview1"
	return "\x00asm\x01\x00\x00\x00" +
		section(1, "\x02\x60\x02\x7f\x7f\x01\x7f\x60\x00\x00") + // types: (i32, i32) -> i32; none
		section(2, "\x02"+vector(wasi)+vector("args_sizes_get")+"\x00\x00"+vector(wasi)+vector("args_get")+"\x00\x00") +
		section(3, "\x01\x01") + // one function
		section(5, "\x01\x00\x01") + // one page of memory
		section(7, "\x02"+vector("_start")+"\x00\x02"+vector("memory")+"\x02\x00") +
		section(10, "\x01"+vector(body))
}

// signed returns a number that is not negative as a signed LEB128.
func signed(n uint32) string {
	var out []byte
	for ; n >= 1<<6; n >>= 7 {
		out = append(out, byte(n&0x7f|0x80))
	}
	return string(append(out, byte(n)))
}

// section returns a section of a module.
func section(id byte, content string) string { return string([]byte{id}) + vector(content) }

// vector returns a string preceded by its length.
func vector(content string) string {
	return string(binary.AppendUvarint(nil, uint64(len(content)))) + content
}
