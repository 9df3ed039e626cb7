package tensors

import (
	"container/list"
	"errors"
	"time"

	"github.com/thetaedge/theta/tensor"
)

// part names a part of a file that fills a tensor. Files are named by digests, which the program
// cannot choose.
type part struct {
	file   [32]byte
	offset uint64
	shape  tensor.Shape
}

// weight is a part of a file in the memory of a device. Nothing writes to it once it is loaded.
type weight struct {
	part   part
	buffer tensor.Buffer
	sums   sums
	// since is when it was loaded.
	since time.Time
	// users counts the tensors that share it.
	users int
	// place is that among the recent ones; nil until it is loaded.
	place *list.Element
}

// loaded reports whether it has its content.
func (w *weight) loaded() bool { return w.place != nil }

// write sets a piece of the content. Pieces follow each other without gaps.
func (w *weight) write(offset uint64, p []byte) error {
	w.sums.add(p)
	return w.buffer.Write(offset, p)
}

// weights are the parts of files that a device keeps, so that the next task of the program need not
// load them again, and the memory of the other tensors. Weights that no tensor shares give way
// to tensors, those that were used longest ago first. One goroutine uses it.
//
// No program can find out whether its weights were kept: not by what they hold, nor by the limits of
// its memory, nor by what it pays.
type weights struct {
	device tensor.Device
	// limit bounds the memory of weights and tensors together, in bytes. The tensors of a task
	// may take more by themselves. Zero means that nothing is kept.
	limit uint64
	now   func() time.Time

	parts map[part]*weight
	// recent are the loaded ones, the longest unused first.
	recent *list.List
	// kept is the memory of weights, in bytes, and tensors and tensorBytes are the number and the
	// memory of tensors that share none.
	kept, tensorBytes uint64
	tensors           int
	// block holds what is compared.
	block [blockBytes]byte
}

// maxAge is the time after which weights are loaded again, whether they are right or not.
const maxAge = time.Hour

func newWeights(device tensor.Device, limit uint64) *weights {
	return &weights{device: device, limit: limit, now: time.Now, parts: map[part]*weight{}, recent: list.New()}
}

// find returns the weights of a part, or nil if they are not kept. It compares some of them with
// what was loaded, and fails if they have changed.
func (w *weights) find(p part) (*weight, error) {
	k := w.parts[p]
	if k == nil {
		return nil, nil
	}
	if k.users == 0 && w.now().Sub(k.since) > maxAge {
		return nil, w.forget(k)
	}
	return k, k.sums.compare(k.buffer, w.block[:])
}

// prepare makes a tensor for weights that are to be loaded and then used. It returns nil if there is
// no room to keep them.
func (w *weights) prepare(p part) (*weight, error) {
	size := tensor.Memory(p.shape)
	if size > w.limit {
		return nil, nil
	}
	if room, err := w.makeRoom(size); err != nil || !room {
		return nil, err
	}
	buffer, err := w.device.New(p.shape)
	if err != nil {
		return nil, err
	}
	return &weight{part: p, buffer: buffer, sums: newSums(p.shape)}, nil
}

// use counts another tensor that shares weights, which are kept from now on.
func (w *weights) use(k *weight) {
	k.users++
	if k.loaded() {
		w.recent.MoveToBack(k.place)
		return
	}
	k.since, k.place = w.now(), w.recent.PushBack(k)
	w.parts[k.part] = k
	w.kept += tensor.Memory(k.part.shape)
}

// give counts a tensor less that shares weights.
func (w *weights) give(k *weight) { k.users-- }

// own makes a tensor of zeros that shares nothing.
func (w *weights) own(s tensor.Shape) (tensor.Buffer, error) {
	if _, err := w.makeRoom(tensor.Memory(s)); err != nil {
		return nil, err
	}
	buffer, err := w.device.New(s)
	if err != nil {
		return nil, err
	}
	w.tensors++
	w.tensorBytes += tensor.Memory(s)
	return buffer, nil
}

// free gives up a tensor that own or separate has made.
func (w *weights) free(b tensor.Buffer) error {
	w.tensors--
	w.tensorBytes -= tensor.Memory(b.Shape())
	return b.Free()
}

// separate returns a tensor with the content of weights, for one of the tensors that share them.
// Without room for a copy, the last of these tensors takes the weights themselves.
func (w *weights) separate(k *weight) (tensor.Buffer, error) {
	size := tensor.Memory(k.part.shape)
	room, err := w.makeRoom(size)
	if err != nil {
		return nil, err
	}
	if k.users == 1 && !room {
		w.remove(k)
		w.tensors++
		w.tensorBytes += size
		return k.buffer, nil
	}
	copied, err := w.own(k.part.shape)
	if err != nil {
		return nil, err
	}
	if err := move(k.buffer, copied); err != nil {
		return nil, errors.Join(err, w.free(copied))
	}
	w.give(k)
	return copied, nil
}

// move copies the whole content of a tensor to another of its shape.
func move(from, to tensor.Buffer) error {
	shape := from.Shape()
	size := shape.Type.Bytes(shape.Count)
	piece := make([]byte, min(size, pieceBytes))
	for at := uint64(0); at < size; at += uint64(len(piece)) {
		piece = piece[:min(size-at, pieceBytes)]
		if err := from.Read(at, piece); err != nil {
			return err
		}
		if err := to.Write(at, piece); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom gives up weights that no tensor shares until there is room for another tensor. It reports
// whether there is.
func (w *weights) makeRoom(size uint64) (bool, error) {
	fits := func() bool {
		return w.tensors+w.recent.Len() < tensor.MaxTensors && w.kept+w.tensorBytes <= w.limit && size <= w.limit-w.kept-w.tensorBytes
	}
	var next *list.Element
	for e := w.recent.Front(); e != nil && !fits(); e = next {
		next = e.Next()
		if k := e.Value.(*weight); k.users == 0 {
			if err := w.forget(k); err != nil {
				return false, err
			}
		}
	}
	return fits(), nil
}

// leave gives up the memory of all weights, and forgets those that no tensor shares. It returns the others,
// which have no content then.
func (w *weights) leave() ([]*weight, error) {
	var shared []*weight
	var next *list.Element
	for e := w.recent.Front(); e != nil; e = next {
		next = e.Next()
		k := e.Value.(*weight)
		if k.users == 0 {
			if err := w.forget(k); err != nil {
				return nil, err
			}
			continue
		}
		shared = append(shared, k)
		if k.buffer == nil {
			continue
		}
		if err := k.buffer.Free(); err != nil {
			return nil, err
		}
		k.buffer = nil
	}
	return shared, nil
}

// remove stops keeping weights, and leaves the tensor to the caller.
func (w *weights) remove(k *weight) {
	w.recent.Remove(k.place)
	delete(w.parts, k.part)
	w.kept -= tensor.Memory(k.part.shape)
	k.place = nil
}

// forget gives up weights that no tensor shares.
func (w *weights) forget(k *weight) error {
	w.remove(k)
	return k.buffer.Free()
}
