package blob

// tally counts files and bytes.
type tally struct {
	count int
	bytes int64
}

// boxUse is what a drop box holds and has booked, in all and per client.
type boxUse struct {
	total   tally
	clients map[string]tally
}

// box returns the use of a box, which exists by being used.
func (v *vault) box(name string) *boxUse {
	b := v.boxes[name]
	if b == nil {
		b = &boxUse{clients: map[string]tally{}}
		v.boxes[name] = b
	}
	return b
}

// forgetIdle keeps memory bounded by what is stored.
func (v *vault) forgetIdle(name string) {
	if b := v.boxes[name]; b != nil && b.total.count == 0 {
		delete(v.boxes, name)
	}
}

// admit tells whether client may add size bytes more.
func (b *boxUse) admit(cfg Config, client string, size int64) error {
	if b.total.count+1 > cfg.BoxCount || b.total.bytes+size > cfg.BoxBytes {
		return refusal(codeBoxFull, "expected at most %d files and %d bytes in this box, and one more of %d bytes does not fit; the box's owner needs another", cfg.BoxCount, cfg.BoxBytes, size)
	}
	own := b.clients[client]
	count := max(cfg.BoxCount*cfg.BoxClientPercent/100, 1)
	// Divided first: the product of large caps would overflow.
	bytes := cfg.BoxBytes/100*int64(cfg.BoxClientPercent) + cfg.BoxBytes%100*int64(cfg.BoxClientPercent)/100
	if own.count+1 > count || own.bytes+size > bytes {
		return refusal(codeBoxFull, "expected at most %d files and %d bytes from one client in this box, found %d files and %d bytes and one more of %d bytes", count, bytes, own.count, own.bytes, size)
	}
	return nil
}

func (b *boxUse) add(client string, count int, bytes int64) {
	b.total.count += count
	b.total.bytes += bytes
	own := b.clients[client]
	own.count += count
	own.bytes += bytes
	if own.count == 0 {
		delete(b.clients, client)
		return
	}
	b.clients[client] = own
}

// book and unbook bracket an upload; charge and discharge its stay.
func (b *boxUse) book(client string, size int64)      { b.add(client, 1, size) }
func (b *boxUse) unbook(client string, size int64)    { b.add(client, -1, -size) }
func (b *boxUse) charge(client string, size int64)    { b.add(client, 1, size) }
func (b *boxUse) discharge(client string, size int64) { b.add(client, -1, -size) }

// has tells whether client is already charged for this entry.
func (e *entry) has(client string) bool {
	_, ok := e.clients[client]
	return ok
}
