package bench

import (
	"bytes"
	"encoding/binary"
)

// The functions of a module that the package makes: those that it imports, its start function, and
// a recursive one that a body may call.
const (
	callArgsSizes = iota
	callArgs
	callRandom
	callOpen
	callRead
	imported
)

// Instructions, with their operands where they always have the same.
const (
	block, loop, end        = "\x02\x40", "\x03\x40", "\x0b"
	trap, discard           = "\x00", "\x1a"
	unless                  = "\x45" // i32.eqz
	load32, store32         = "\x28\x02\x00", "\x36\x02\x00"
	load8                   = "\x2d\x00\x00"
	add32, sub32, mul32     = "\x6a", "\x6b", "\x6c"
	below32, least32        = "\x49", "\x4f"
	add64, sub64, mul64     = "\x7c", "\x7d", "\x7e"
	wrap, extend, isZero64  = "\xa7", "\xad", "\x50"
	fillMemory, copyMemory  = "\xfc\x0b\x00", "\xfc\x0a\x00\x00"
	addFloat, multiplyFloat = "\xa0", "\xa2"
)

func get(local byte) string  { return "\x20" + string([]byte{local}) }
func set(local byte) string  { return "\x21" + string([]byte{local}) }
func tee(local byte) string  { return "\x22" + string([]byte{local}) }
func jump(depth byte) string { return "\x0c" + string([]byte{depth}) }
func leave(depth byte) string {
	return "\x0d" + string([]byte{depth})
}
func call(function byte) string { return "\x10" + string([]byte{function}) }
func number(n int64) string     { return "\x41" + signed(n) }
func long(n int64) string       { return "\x42" + signed(n) }

// module returns a module with a start function of some locals and a body, and pages of memory.
// further are functions of type (i32) -> i32, and foreign functions follow those of
// WASI.
func module(pages int, start string, further []string, foreign ...function) []byte {
	wasi := func(name string, kind byte) string {
		return text("wasi_snapshot_preview1") + text(name) + "\x00" + string([]byte{kind})
	}
	all := []string{wasi("args_sizes_get", 0), wasi("args_get", 0), wasi("random_get", 0), wasi("path_open", 3), wasi("fd_read", 4)}
	types := []string{
		"\x60\x02\x7f\x7f\x01\x7f", // 0: (i32 i32) -> i32
		"\x60\x00\x00",             // 1: () -> ()
		"\x60\x01\x7f\x01\x7f",     // 2: (i32) -> i32
		"\x60\x09\x7f\x7f\x7f\x7f\x7f\x7e\x7e\x7f\x7f\x01\x7f", // 3: path_open
		"\x60\x04\x7f\x7f\x7f\x7f\x01\x7f",                     // 4: fd_read
	}
	for _, i := range foreign {
		all = append(all, text(i.module)+text(i.name)+"\x00"+unsigned(len(types)))
		types = append(types, i.kind)
	}
	functions, kinds := []string{start}, "\x01"
	for range further {
		kinds += "\x02"
	}
	functions = append(functions, further...)
	for i, f := range functions {
		functions[i] = unsigned(len(f)) + f
	}
	vector := func(parts []string) string { return unsigned(len(parts)) + join(parts) }
	exported := text("_start") + "\x00" + unsigned(len(all)) + text("memory") + "\x02\x00"
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(1, vector(types)) + section(2, vector(all)) + section(3, unsigned(len(kinds))+kinds) +
		section(5, "\x01\x00"+unsigned(pages)) + section(7, "\x02"+exported) + section(10, vector(functions)))
}

// function is one that another module than WASI exports, with its type.
type function struct{ module, name, kind string }

func section(id byte, content string) string {
	return string([]byte{id}) + unsigned(len(content)) + content
}

func text(s string) string { return unsigned(len(s)) + s }

func join(parts []string) string {
	var all bytes.Buffer
	for _, part := range parts {
		all.WriteString(part)
	}
	return all.String()
}

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
