package grpcnode

import (
	"errors"
	"fmt"

	"github.com/cosmos/cosmos-sdk/types/query"
)

const (
	// MaxPages bounds the pages of one listing.
	MaxPages = 1_000
	// maxPageKeyBytes bounds the key of a page; keys of the chain's stores have fewer bytes.
	maxPageKeyBytes = 1 << 10
)

// ErrPages means that the pages of a listing lead nowhere or have no end. An honest node shows
// none that do.
var ErrPages = errors.New("the pages of the listing do not end; use another node")

// Pages follows the pages of one listing, so that no node keeps a caller reading for ever.
type Pages struct {
	// Most is how many pages are read; 0 means MaxPages.
	Most int

	seen map[string]bool
}

// Next returns the key of the page after one that was read; nil if that was the last. It fails
// with ErrPages after Most pages, and for a key that was followed before or that is too long.
func (p *Pages) Next(page *query.PageResponse) ([]byte, error) {
	if page == nil || len(page.NextKey) == 0 {
		return nil, nil
	}
	most := p.Most
	if most == 0 {
		most = MaxPages
	}
	key := string(page.NextKey)
	switch {
	case len(key) > maxPageKeyBytes:
		return nil, fmt.Errorf("%w: expected page keys of at most %d bytes, found one of %d", ErrPages, maxPageKeyBytes, len(key))
	case p.seen[key]:
		return nil, fmt.Errorf("%w: page key %X was shown twice", ErrPages, page.NextKey)
	case len(p.seen)+1 >= most:
		return nil, fmt.Errorf("%w: expected at most %d pages, found more", ErrPages, most)
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[key] = true
	return page.NextKey, nil
}
