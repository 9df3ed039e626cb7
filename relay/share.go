package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

const (
	// tagBytes is the length of a tag, of which file names carry some.
	tagBytes = 12
	// noTag stands for a tag that is not there in a file's name.
	noTag = "-"
)

// holder is the party to which content is charged: tags, so that they fit into file names. The zero
// holder stands for content without a charge, of which only the sum is known.
type holder struct {
	// name is the household, or the assignment that the chain shows.
	name string
	// network is the network around the household, or the operator of the assignment.
	network string
	// job is the job of the assignment, empty for a household.
	job string
}

// tag is a short name of something.
func tag(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:tagBytes])
}

// householder is the holder that stands for an address.
func householder(from peer) holder {
	return holder{name: tag("address", from.name), network: tag("address", from.network)}
}

// signed reports whether the chain shows what the holder works on.
func (h holder) signed() bool { return h.job != "" }

// encode writes a holder into the name of the file that keeps the charge.
func (h holder) encode() string {
	parts := []string{h.name, h.network, h.job}
	for i, part := range parts {
		if part == "" {
			parts[i] = noTag
		}
	}
	return strings.Join(parts, ".")
}

// parseHolder reads what encode writes.
func parseHolder(text string) (h holder, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return holder{}, false
	}
	for i, into := range []*string{&h.name, &h.network, &h.job} {
		if parts[i] == noTag {
			continue
		}
		if raw, err := hex.DecodeString(parts[i]); err != nil || len(raw) != tagBytes {
			return holder{}, false
		}
		*into = parts[i]
	}
	return h, true
}

// tally counts files and bytes.
type tally struct {
	files int
	bytes int64
}

func (t tally) plus(files int, bytes int64) tally { return tally{t.files + files, t.bytes + bytes} }

// within reports whether a tally exceeds no other.
func (t tally) within(most tally) bool { return t.files <= most.files && t.bytes <= most.bytes }

// beyond is what a tally has more than another, 0 where it has less.
func (t tally) beyond(other tally) tally {
	return tally{max(t.files-other.files, 0), max(t.bytes-other.bytes, 0)}
}

// percent is a part of a tally. It is divided first: products of large caps overflow.
func (t tally) percent(n int) tally {
	return tally{
		files: t.files/100*n + t.files%100*n/100,
		bytes: t.bytes/100*int64(n) + t.bytes%100*int64(n)/100,
	}
}

const (
	// floorPart is the part of a cap that every network may hold, as long as there is
	// anything left.
	floorPart = 256
	// abovePercent is how much of a cap may be held above the floors in all.
	abovePercent = 50
)

// share is what is held within one cap, in all and by names and networks.
//
// Nothing that was taken is taken away again, so that the first must leave something to
// the next. Half of the cap is for the floors. Of the other half a network may hold as
// much as all leave free there, and a name in it a percentage of that.
type share struct {
	most, floor     tally
	total           tally
	names, networks map[string]tally
	// above is what networks hold above the floor.
	above tally
}

func newShare(most tally) *share {
	return &share{
		most: most, floor: tally{max(most.files/floorPart, 1), max(most.bytes/floorPart, 1)},
		names: map[string]tally{}, networks: map[string]tally{},
	}
}

// add charges a holder; negative numbers discharge it.
func (s *share) add(h holder, files int, bytes int64) {
	s.total = s.total.plus(files, bytes)
	count(s.names, h.name, files, bytes)
	before := s.networks[h.network].beyond(s.floor)
	count(s.networks, h.network, files, bytes)
	after := s.networks[h.network].beyond(s.floor)
	s.above = s.above.plus(after.files-before.files, after.bytes-before.bytes)
}

func count(counts map[string]tally, name string, files int, bytes int64) {
	if name == "" {
		return
	}
	if now := counts[name].plus(files, bytes); now.files == 0 {
		delete(counts, name)
	} else {
		counts[name] = now
	}
}

// admit reports whether a holder may add size bytes, where a name may hold a percentage of
// what its network may.
func (s *share) admit(h holder, percent int, size int64) bool {
	if !s.total.plus(1, size).within(s.most) {
		return false
	}
	shared := s.most.percent(abovePercent)
	free := shared.plus(-s.above.files, -s.above.bytes)
	return s.networks[h.network].plus(1, size).beyond(s.floor).within(free) &&
		s.names[h.name].plus(1, size).beyond(s.floor).within(free.percent(percent))
}
