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

// section returns a section of a module.
func section(id byte, content string) string { return string([]byte{id}) + vector(content) }

// vector returns a string preceded by its length.
func vector(content string) string {
	return string(binary.AppendUvarint(nil, uint64(len(content)))) + content
}
