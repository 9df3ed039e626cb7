package tensors

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/executor/wasm"
)

var _ wasm.RestingRun = (*run)(nil)

// errStorage marks errors of what tensors are written to.
var errStorage = errors.New("write the tensors to the disk")

// Rest implements wasm.RestingRun. Until everything has been written, the tensors stay in memory; until
// everything has been read back, it stays on the disk. So the request may change at any time.
func (r *run) Rest(ctx context.Context, wanted func() *executor.Rest) error {
	if err := r.wait(); err != nil {
		return err
	}
	r.device.adopt()
	var gone *absent
	// Weights without content must not be found by another run.
	defer func() { r.device.failed = r.device.failed || gone != nil }()
	var last *executor.Rest
	for ctx.Err() == nil {
		request := wanted()
		if request == nil {
			if gone != nil {
				back, err := gone.comeBack(func() bool { return wanted() != nil || ctx.Err() != nil })
				if err != nil {
					return err
				}
				if !back {
					continue
				}
				gone = nil
			}
			if last != nil {
				// An error leaves encrypted bytes on the disk, which are overwritten the next time.
				_ = last.Storage.Truncate(0)
				last.Awake()
			}
			return nil
		}
		last = request
		if err := r.lie(ctx, request, &gone); err != nil {
			return err
		}
	}
	return nil
}

// lie serves one request. It returns once the request is over, or with a failure of the machine.
func (r *run) lie(ctx context.Context, request *executor.Rest, gone **absent) error {
	bytes := r.device.ownBytes()
	if *gone != nil {
		bytes = (*gone).bytes
	}
	if !request.Still(bytes) {
		return nil
	}
	if *gone == nil {
		leaving, err := r.leave(ctx, request, bytes)
		switch {
		case errors.Is(err, errStorage):
			request.Out(err)
		default:
			*gone = leaving
			if err != nil {
				return err
			}
		}
	}
	if *gone != nil {
		request.Out(nil)
	}
	select {
	case <-request.Over:
	case <-ctx.Done():
	}
	return nil
}

// absent is the content of the tensors of a run that gave up their memory.
type absent struct {
	run   *run
	vault *vault
	bytes uint64
	// tensors are in the vault in this order, and weights are in files of the task.
	tensors []*lentBuffer
	weights []*weight
	// piece holds a piece of a tensor.
	piece []byte
}

// leave writes the tensors to the storage of a request, and gives up their memory if the request is not over
// then; else it returns nil. Errors of the storage wrap errStorage.
func (r *run) leave(ctx context.Context, request *executor.Rest, bytes uint64) (*absent, error) {
	v, err := newVault(request.Storage)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	a := &absent{run: r, vault: v, bytes: bytes, piece: make([]byte, pieceBytes)}
	for _, b := range r.device.owners() {
		over, err := a.write(b, func() bool { return request.Ended() || ctx.Err() != nil })
		if over || err != nil {
			return nil, err
		}
		a.tensors = append(a.tensors, b)
	}
	if err := request.Storage.Sync(); err != nil {
		return nil, fmt.Errorf("%w: %w", errStorage, err)
	}
	if request.Ended() || ctx.Err() != nil {
		return nil, nil
	}
	return a, a.drop()
}

// write writes a tensor piece by piece. It reports whether it was interrupted.
func (a *absent) write(b *lentBuffer, interrupted func() bool) (bool, error) {
	size := b.shape.Type.Bytes(b.shape.Count)
	for at := uint64(0); at < size; at += pieceBytes {
		if interrupted() {
			return true, nil
		}
		piece := a.piece[:min(size-at, pieceBytes)]
		if err := b.lent.check(b.own.Read(at, piece)); err != nil {
			return false, err
		}
		if err := a.vault.put(piece); err != nil {
			return false, fmt.Errorf("%w: %w", errStorage, err)
		}
	}
	return false, nil
}

// drop gives up the memory of tensors and weights. Weights that no tensor shares are forgotten.
func (a *absent) drop() error {
	l := a.run.device
	for _, b := range a.tensors {
		if b.own == nil {
			continue
		}
		if err := l.check(l.opened.weights.free(b.own)); err != nil {
			return err
		}
		b.own = nil
	}
	if l.opened != nil {
		shared, err := l.opened.weights.leave()
		if err != nil {
			return l.check(err)
		}
		a.weights = shared
	}
	if err := l.sleep(); err != nil {
		return err
	}
	debug.FreeOSMemory()
	return nil
}

// comeBack reads everything back. If it is interrupted, it gives the memory up again and returns false: the
// storage still has everything.
func (a *absent) comeBack(interrupted func() bool) (bool, error) {
	l := a.run.device
	if err := l.wake(); err != nil {
		return false, err
	}
	a.vault.rewind()
	for _, b := range a.tensors {
		own, err := l.opened.weights.own(b.shape)
		if err != nil {
			return false, l.check(err)
		}
		b.own = own
		if stop, err := a.read(b, interrupted); stop || err != nil {
			return false, errors.Join(err, a.dropAgain(err))
		}
	}
	for _, k := range a.weights {
		if stop, err := a.load(k, interrupted); stop || err != nil {
			return false, errors.Join(err, a.dropAgain(err))
		}
	}
	return true, nil
}

// dropAgain gives up what has been read back, unless that has failed.
func (a *absent) dropAgain(failed error) error {
	if failed != nil {
		return nil
	}
	return a.drop()
}

// read reads a tensor back. It reports whether it was interrupted.
func (a *absent) read(b *lentBuffer, interrupted func() bool) (bool, error) {
	size := b.shape.Type.Bytes(b.shape.Count)
	for at := uint64(0); at < size; at += pieceBytes {
		if interrupted() {
			return true, nil
		}
		piece := a.piece[:min(size-at, pieceBytes)]
		if err := a.vault.get(piece); err != nil {
			return false, err
		}
		if err := b.lent.check(b.own.Write(at, piece)); err != nil {
			return false, err
		}
	}
	return false, nil
}

// load loads weights again from their file, which has to have the checksums that it had before. It reports
// whether it was interrupted.
func (a *absent) load(k *weight, interrupted func() bool) (bool, error) {
	l := a.run.device
	file, err := a.run.open(k.part.file)
	if err != nil {
		return false, err
	}
	defer file.Close() //nolint:errcheck // read only
	if k.buffer, err = l.opened.device.New(k.part.shape); err != nil {
		return false, l.check(err)
	}
	size, found := k.sums.size, newSums(k.part.shape)
	for at := uint64(0); at < size; at += pieceBytes {
		if interrupted() {
			return true, nil
		}
		piece := a.piece[:min(size-at, pieceBytes)]
		if _, err := file.ReadAt(piece, int64(k.part.offset+at)); err != nil {
			return false, fmt.Errorf("read weights again: %w", err)
		}
		found.add(piece)
		if err := k.sums.match(found); err != nil {
			return false, err
		}
		if err := l.check(k.buffer.Write(at, piece)); err != nil {
			return false, err
		}
	}
	return false, nil
}
