package relay

// boxUse is what is held in a drop box or on its way to it: by those whom the chain
// shows at work each within its quota, by all others in shares of the box.
type boxUse struct {
	signed, open *share
}

func (v *vault) newBoxUse() *boxUse {
	most := tally{v.cfg.BoxCount, v.cfg.BoxBytes}
	return &boxUse{signed: newShare(most), open: newShare(most)}
}

// box returns the use of a box, which exists by being used.
func (v *vault) box(name string) *boxUse {
	b := v.boxes[name]
	if b == nil {
		b = v.newBoxUse()
		v.boxes[name] = b
	}
	return b
}

// of returns the part of a box that a holder has its room in.
func (b *boxUse) of(h holder) *share {
	if h.signed() {
		return b.signed
	}
	return b.open
}

// charge books files and bytes on a holder, or takes them off. A box that holds nothing
// is forgotten, so that memory is bounded by what is stored.
func (v *vault) charge(k key, by holder, files int, bytes int64) {
	if k.box == "" {
		v.blobs.add(by, files, bytes)
		return
	}
	v.drops.add(by, files, bytes)
	b := v.box(k.box)
	b.of(by).add(by, files, bytes)
	if b.signed.total.files == 0 && b.open.total.files == 0 {
		delete(v.boxes, k.box)
	}
}

// held is what is kept or on its way in all.
func (v *vault) held() tally {
	return v.blobs.total.plus(v.drops.total.files, v.drops.total.bytes)
}

// reserve books size bytes until release is called, so that parallel uploads cannot
// exceed a cap together. What its holder has brought before costs nothing.
func (v *vault) reserve(k key, by uploader, size int64) (release func(), err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if size > v.cfg.MaxBytes {
		return nil, refusal(codeTooBig, "expected at most %d bytes, found %d; split it or use another relay", v.cfg.MaxBytes, size)
	}
	if e := v.entries[k]; e.servesAs(k, by.holder) {
		if size != e.size {
			return nil, refusal(codeWrongDigest, "expected %d bytes, which the content with sha256 %s has, found %d; nothing was kept", e.size, k.digest, size)
		}
		return func() {}, nil
	}
	if err := v.admit(k, by, size); err != nil {
		return nil, err
	}
	v.charge(k, by.holder, 1, size)
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.charge(k, by.holder, -1, -size)
	}, nil
}

// admit reports whether an uploader may add size bytes more: to the relay, and to its box.
func (v *vault) admit(k key, by uploader, size int64) error {
	pool, kind := v.drops, "results"
	if k.box == "" {
		pool, kind = v.blobs, "inputs"
	}
	if free := pool.most.bytes - pool.total.bytes; size > free {
		return refusal(codeFull, "expected at most the %d bytes that are free for %s, found %d; retry later or use another relay", max(free, 0), kind, size)
	}
	if pool.total.files >= pool.most.files {
		return refusal(codeFull, "expected at most %d files of %s in this relay, and all are taken; retry later or use another relay", pool.most.files, kind)
	}
	if !pool.admit(by.holder, v.cfg.ClientPercent, size) {
		return refusal(codeFull, "expected one client to leave room for others, and its network too: it may hold at most %d%% of what is free here, and one file more of %d bytes does not fit; retry later or use another relay", v.cfg.ClientPercent, size)
	}
	if k.box == "" {
		return nil
	}
	b := v.boxes[k.box]
	if b == nil {
		b = v.newBoxUse() // not kept: a refusal leaves nothing behind
	}
	return b.admit(&v.cfg, by, size)
}

// admit reports whether an uploader may add size bytes more to a box.
func (b *boxUse) admit(cfg *Config, by uploader, size int64) error {
	if by.quota != nil {
		own := b.signed.names[by.name]
		if own.plus(1, size).within(*by.quota) {
			return nil
		}
		return refusal(codeBoxFull, "expected at most %d files and %d bytes of one node for one task, as its job allows, found %d files and %d bytes and one more of %d bytes", by.quota.files, by.quota.bytes, own.files, own.bytes, size)
	}
	if b.open.admit(by.holder, cfg.BoxClientPercent, size) {
		return nil
	}
	return refusal(codeBoxFull, "expected at most %d files and %d bytes in this box, of which one client may hold %d%% of what the others leave free, and one more of %d bytes does not fit; the box's owner needs another", cfg.BoxCount, cfg.BoxBytes, cfg.BoxClientPercent, size)
}
