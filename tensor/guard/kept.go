package guard

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
)

// digest names a kind in a file.
type digest [sha256.Size]byte

// digest returns the name of a kind.
func (k kind) digest() digest {
	text := slices.Concat(k.device[:], k.record[:])
	for i := range k.shapes {
		text = append(text, byte(k.shapes[i]), k.offsets[i], k.same[i])
	}
	return sha256.Sum256(text)
}

// keptHeader begins a file of kinds. Its number changes when kinds are made in another way.
const keptHeader = "theta qualified kinds 2\n"

// MaxKeptBytes bounds the size of what Save writes.
const MaxKeptBytes = len(keptHeader) + maxKinds*sha256.Size

// Added returns the number of kinds that were compared first since the list was made.
func (q *Qualified) Added() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.added
}

// digests returns the names of all kinds, in order.
func (q *Qualified) digests() []digest {
	q.mu.Lock()
	all := make(map[digest]struct{}, len(q.kinds)+len(q.earlier))
	for d := range q.earlier {
		all[d] = struct{}{}
	}
	for k := range q.kinds {
		all[k.digest()] = struct{}{}
	}
	q.mu.Unlock()
	list := make([]digest, 0, len(all))
	for d := range all {
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y digest) int { return bytes.Compare(x[:], y[:]) })
	return list[:min(len(list), maxKinds)]
}

// Save writes the kinds, so that Load reads them in another process. They count only for the same
// device, driver and program of ours: the caller keeps them apart.
func (q *Qualified) Save(to io.Writer) error {
	out := bufio.NewWriter(to)
	if _, err := out.WriteString(keptHeader); err != nil {
		return err
	}
	for _, d := range q.digests() {
		if _, err := out.Write(d[:]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Load adds the kinds that Save has written. It adds none if the file is not whole.
func (q *Qualified) Load(from io.Reader) error {
	in := bufio.NewReader(from)
	header := make([]byte, len(keptHeader))
	if _, err := io.ReadFull(in, header); err != nil || string(header) != keptHeader {
		return fmt.Errorf("expected a file of qualified kinds, found %q; delete it", header)
	}
	found := map[digest]struct{}{}
	for {
		var d digest
		_, err := io.ReadFull(in, d[:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("expected a whole file of qualified kinds: %w; delete it", err)
		}
		if found[d] = struct{}{}; len(found) > maxKinds {
			return fmt.Errorf("expected at most %d qualified kinds, found more; delete the file", maxKinds)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.earlier == nil {
		q.earlier = map[digest]struct{}{}
	}
	for d := range found {
		q.earlier[d] = struct{}{}
	}
	return nil
}
