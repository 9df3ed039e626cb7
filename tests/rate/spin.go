package rate

import (
	"encoding/binary"
	"fmt"
)

const (
	// multiplier and increment are those of a linear congruential generator.
	multiplier, increment = 6364136223846793005, 1442695040888963407
	// fuelPerTurn is the fuel of one turn of the program's loop. The rest of the program needs
	// a little less than fuelAround, most of it for its calls.
	fuelPerTurn, fuelAround = 13, 32_000
)

// Spin is a program that turns a loop as often as its first argument says. It writes its
// arguments with a zero byte after each, and the last value of a generator of 64 bits, to
// standard output.
func Spin() []byte {
	body := "\x02\x02\x7e\x02\x7f" + // locals 0, 1: turns, value; 2, 3: pointer, digit
		"\x41\x00\x41\x04\x10\x00\x1a" + // args_sizes_get(0, 4): bytes of all arguments at 4
		"\x41\x80\x08\x41\x80\x10\x10\x01\x1a" + // args_get(1024, 2048): their text at 2048
		"\x41\x84\x08\x28\x02\x00\x21\x02" + // pointer = address of the first argument
		"\x02\x40\x03\x40" + // block, loop
		"\x20\x02\x2d\x00\x00\x41\x30\x6b\x22\x03\x41\x0a\x4f\x0d\x01" + // digit = *pointer - '0'; leave unless it is one
		"\x20\x00\x42\x0a\x7e\x20\x03\xad\x7c\x21\x00" + // ten times turns, and the digit
		"\x20\x02\x41\x01\x6a\x21\x02\x0c\x00\x0b\x0b" + // pointer++
		"\x03\x40" + // loop
		"\x20\x01\x42" + signed(multiplier) + "\x7e\x42" + signed(increment) + "\x7c\x21\x01" + // the next value of the generator
		"\x20\x00\x42\x01\x7d\x22\x00\x50\x45\x0d\x00\x0b" + // turn again unless turns is 0 now
		"\x41\x10\x20\x01\x37\x03\x00" + // the value is at 16
		"\x41\x20\x41\x80\x10\x36\x02\x00\x41\x24\x41\x04\x28\x02\x00\x36\x02\x00" + // write the text at 2048,
		"\x41\x28\x41\x10\x36\x02\x00\x41\x2c\x41\x08\x36\x02\x00" + // and 8 bytes at 16
		"\x41\x01\x41\x20\x41\x02\x41\x30\x10\x02\x1a\x0b" // call fd_write with 1, 32, 2 and 48
	imports := "\x03" + name("wasi_snapshot_preview1") + name("args_sizes_get") + "\x00\x00" +
		name("wasi_snapshot_preview1") + name("args_get") + "\x00\x00" +
		name("wasi_snapshot_preview1") + name("fd_write") + "\x00\x01"
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(1, "\x03\x60\x02\x7f\x7f\x01\x7f\x60\x04\x7f\x7f\x7f\x7f\x01\x7f\x60\x00\x00") +
		section(2, imports) + section(3, "\x01\x02") + section(5, "\x01\x00\x01") +
		section(7, "\x02"+name("_start")+"\x00\x03"+name("memory")+"\x02\x00") +
		section(10, "\x01"+unsigned(len(body))+body))
}

// SpinOutput returns what Spin writes.
func SpinOutput(turns uint64, args ...string) []byte {
	out := fmt.Appendf(nil, "program\x00%d\x00", turns)
	for _, arg := range args {
		out = fmt.Appendf(out, "%s\x00", arg)
	}
	var value uint64
	for range turns {
		value = value*multiplier + increment
	}
	return binary.LittleEndian.AppendUint64(out, value)
}

// SpinFuel returns an amount of fuel that a task needs, and a little more.
func SpinFuel(turns uint64) uint64 { return fuelPerTurn*turns + fuelAround }

// section, name, unsigned and signed encode parts of a module.
func section(id byte, content string) string {
	return string([]byte{id}) + unsigned(len(content)) + content
}

func name(text string) string { return unsigned(len(text)) + text }

func unsigned(n int) string { return string(binary.AppendUvarint(nil, uint64(n))) } //nolint:gosec // lengths

// signed encodes in LEB128 with a sign.
func signed(n int64) string {
	var out []byte
	for {
		low := byte(n & 0x7f)
		n >>= 7
		if n == 0 && low&0x40 == 0 || n == -1 && low&0x40 != 0 {
			return string(append(out, low))
		}
		out = append(out, low|0x80)
	}
}
