package rehearsal

import "encoding/binary"

// Names of the program's files.
const (
	inputName, outputName = "input", "output"
	// maxInput is the number of bytes that the program copies at most.
	maxInput = 4096
)

// program returns a program of wasm/1 that copies /in/input to /out/output.
func program() []byte {
	const (
		input, output      = 0, 8 // where the names are
		vector, pointer    = 16, 1024
		length, done, file = vector + 4, 24, 28
		trap               = "\x04\x40\x00\x0b" // if the last call failed, unreachable
	)
	open := func(folder, name, size, create, rights int64) string {
		return number(folder) + number(0) + number(name) + number(size) + number(create) +
			"\x42" + signed(rights) + "\x42\x00" + number(0) + number(file) + "\x10\x00" + trap
	}
	move := func(function string) string {
		return number(file) + load32 + number(vector) + number(1) + number(done) + "\x10" + function + trap
	}
	body := "\x00" +
		open(3, input, int64(len(inputName)), 0, 2) + // to read
		number(vector) + number(pointer) + store32 + number(length) + number(maxInput) + store32 +
		move("\x01") +
		number(length) + number(done) + load32 + store32 + // as many bytes as were read
		open(4, output, int64(len(outputName)), 1, 64) + // to create and write
		move("\x02") + "\x0b"
	wasi := func(name, kind string) string { return text("wasi_snapshot_preview1") + text(name) + "\x00" + kind }
	data := inputName + "\x00\x00\x00" + outputName
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(1, "\x03"+"\x60\x09\x7f\x7f\x7f\x7f\x7f\x7e\x7e\x7f\x7f\x01\x7f"+"\x60\x04\x7f\x7f\x7f\x7f\x01\x7f"+"\x60\x00\x00") +
		section(2, "\x03"+wasi("path_open", "\x00")+wasi("fd_read", "\x01")+wasi("fd_write", "\x01")) +
		section(3, "\x01\x02") + section(5, "\x01\x00\x01") +
		section(7, "\x02"+text("_start")+"\x00\x03"+text("memory")+"\x02\x00") +
		section(10, "\x01"+text(body)) +
		section(11, "\x01\x00\x41\x00\x0b"+text(data)))
}

// Instructions for words of 32 bits.
const load32, store32 = "\x28\x02\x00", "\x36\x02\x00"

func number(n int64) string { return "\x41" + signed(n) }

// section and text encode parts of a module.
func section(id byte, content string) string { return string([]byte{id}) + text(content) }

func text(content string) string {
	return string(binary.AppendUvarint(nil, uint64(len(content)))) + content
}

// signed encodes a number in LEB128 with a sign.
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
