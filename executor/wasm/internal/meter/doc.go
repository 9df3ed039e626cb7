// Package meter reads a wasm module, decides whether the profile accepts it, and rewrites it.
// After the rewriting, the module itself determines the behaviour that engines leave to the
// machine: how much fuel instructions use, how deep calls may nest, what a failed memory.grow
// means, and which bits a NaN has. Any correct engine then gives the same result.
//
// # Stack
//
// Native stack frames differ between processors. With an engine's own stack limit, the depth
// of a recursion, and therefore a result, would depend on the machine. The rewritten module
// counts a stack of its own and stops before the native one is used up.
//
// This needs a bound for each frame: at most 3.2 bytes for each unit that its function takes,
// because wazero is given 256 MiB for 80 MiB of units. wazero has a place in the frame for each
// value that it takes out of its register anywhere, of the size of the value, and never uses a
// place twice. A value leaves its register in one of the following cases, and each of them is
// counted. Except for the values of an engine's own, what is counted is therefore a set that
// contains all values with a place:
//
//   - A function is called. Everything that is live across the call is kept. Bulk instructions,
//     memory.grow and ref.func are calls too, and so is fetching fuel, at the entry of a function
//     and at the start of a loop.
//   - Ways meet, and values are in other registers on one way than on another. Everything that
//     is live there is kept, and everything that arrives there on each way.
//   - Values are passed to a function or to the place where ways meet, in registers that hold
//     other values. These operands are kept.
//   - More values are live than there are registers. All of them are kept, because the order of
//     the machine's instructions decides which of them give way. On x86-64 there are 14 registers
//     for integers. Two pointers, what is remembered of memory (two) and of the fuel (one), and
//     the parts of an instruction (three) need up to eight of them. There are 16 for floats. The
//     parts of an instruction themselves do not give way, because wazero prefers the value
//     whose last use is the furthest away.
//   - An instruction needs certain registers: divisions two, shifts by a variable and two
//     instructions for vectors one. They take places, as bulk instructions do for their parts.
//   - A branch to the start of a loop moves values. If one of the sources is itself a value at
//     that start, wazero moves all of them through new values. These take places unless the value
//     stays what it is and there are few of them, or its own place is enough.
//   - wazero remembers where the memory is, what globals contain, which addresses it has computed,
//     and the rest of the fuel, up to the next call or the next place where ways meet (a stretch).
//     These values take places if there are more values than registers anywhere in the stretch.
//     Remembered globals and addresses count as values there.
//   - Arguments and results that do not fit the registers of a call are in the frame of the
//     caller while the called function runs.
//
// The rest of a frame does not depend on the function: return address, base pointer, saved
// registers and two pointers, 224 bytes on x86-64. FrameUnits stand for 307 bytes. arm64 has more
// registers, and places of the same sizes; a register that it saves for a value takes 16 bytes.
//
// TestNoFrameIsLargerThanWhatItIsChargedFor compares the units of random functions with the
// frames that wazero makes. wasmtime computes values of a loop before the loop and keeps them,
// which is not counted. It is given 11.2 bytes for each unit.
package meter
