package tensor

// Device executes operations. A back end implements it; it is used by one goroutine at a time.
// Its errors are trouble of the machine and never results.
type Device interface {
	// Name says what executes, for people.
	Name() string
	// New returns a tensor of zeros.
	New(s Shape) (Buffer, error)
	// Submit begins calls that Validate has accepted. They take effect one after the other, and
	// after everything that was asked before. It need not wait for them.
	Submit(calls []Call) error
	// Wait returns after all calls have ended. It returns the checksums of their outputs in
	// order: one for each key of each call since the last Wait.
	Wait() ([]uint64, error)
	// Close ends the device and gives up its tensors.
	Close() error
}

// Sleeper is a device that can give up all memory that it holds, for a while in which it is not used.
type Sleeper interface {
	// Sleep gives up all memory. No tensors are left. Until Wake, only Wake and Close may be called.
	Sleep() error
	// Wake makes a device that sleeps usable again. It does nothing if the device does not sleep.
	Wake() error
}

// Buffer is a tensor of a device. Bytes are as in memory of the program: little-endian elements
// without gaps.
type Buffer interface {
	Shape() Shape
	// Write and Read move bytes that Heap.Range has accepted, after everything that was asked
	// before.
	Write(offset uint64, p []byte) error
	Read(offset uint64, p []byte) error
	// Free gives up the tensor after everything that was asked before.
	Free() error
}

// Call is an operation with the tensors that it names.
type Call struct {
	Op Op
	// Buffers are those of Operands(Op), nil for operands that are left out.
	Buffers []Buffer
	// Keys are those of the checksums of a traced operation: one for each trace of the run.
	Keys []uint64
}
