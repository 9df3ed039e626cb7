package network

import (
	"encoding/binary"
	"fmt"
)

// Picture is a picture with three bytes per pixel, row by row: red, green, blue.
type Picture struct {
	Height, Width int
	Pixels        []byte
}

// NewPicture returns a black picture.
func NewPicture(height, width int) Picture {
	return Picture{height, width, make([]byte, height*width*Colours)}
}

// Bounds of the sides of tiles in pixels, without the halo.
const (
	MinTile = 8
	MaxTile = 512
)

// Enlarge returns a picture that is Scale times as high and wide. It works on tiles with sides of
// at most `tile` pixels plus twice the network's halo. The result does not depend on them.
func Enlarge(d Device, f *File, p Picture, tile int) (Picture, error) {
	if tile < MinTile || tile > MaxTile {
		return Picture{}, fmt.Errorf("expected tiles of %d to %d pixels, found %d", MinTile, MaxTile, tile)
	}
	if p.Height < 1 || p.Width < 1 {
		return Picture{}, fmt.Errorf("expected a picture of at least one pixel, found %dx%d", p.Width, p.Height)
	}
	halo := f.Network.Halo()
	rows, cols := spans(p.Height, tile, halo), spans(p.Width, tile, halo)
	plan, err := NewPlan(d, f, rows[0].size, cols[0].size)
	if err != nil {
		return Picture{}, err
	}
	s := f.Network.Scale
	out := NewPicture(s*p.Height, s*p.Width)
	for _, row := range rows {
		for _, col := range cols {
			enlarged, err := plan.Run(p.cut(row.from, col.from, row.size, col.size))
			if err != nil {
				return Picture{}, err
			}
			out.paste(enlarged, s, row, col)
		}
	}
	return out, nil
}

// span is a tile along one side of a picture: it covers `size` pixels from `from` on, of which
// those from `first` on to below `end` are used.
type span struct{ from, size, first, end int }

// spans divides a side of a picture into tiles of one size. Each used pixel lies at least a halo
// from the ends of its tile, except from those that are ends of the picture.
func spans(length, tile, halo int) []span {
	size := tile + 2*halo
	if length <= size {
		return []span{{0, length, 0, length}}
	}
	var all []span
	for done := 0; done < length; {
		from := min(max(done-halo, 0), length-size)
		end := from + size - halo
		if from == length-size {
			end = length
		}
		all = append(all, span{from, size, done, end})
		done = end
	}
	return all
}

// cut returns a part of a picture.
func (p Picture) cut(row, col, height, width int) Picture {
	part := NewPicture(height, width)
	for y := range height {
		copy(part.Pixels[y*width*Colours:][:width*Colours], p.Pixels[((row+y)*p.Width+col)*Colours:])
	}
	return part
}

// paste copies the used part of an enlarged tile.
func (p Picture) paste(tile Picture, scale int, row, col span) {
	width := scale * (col.end - col.first) * Colours
	for y := scale * row.first; y < scale*row.end; y++ {
		from := ((y-scale*row.from)*tile.Width + scale*(col.first-col.from)) * Colours
		copy(p.Pixels[(y*p.Width+scale*col.first)*Colours:][:width], tile.Pixels[from:])
	}
}

// Run enlarges a tile of the plan's size.
func (p *Plan) Run(tile Picture) (Picture, error) {
	if tile.Height != p.height || tile.Width != p.width {
		return Picture{}, fmt.Errorf("expected a tile of %dx%d pixels, found %dx%d", p.width, p.height, tile.Width, tile.Height)
	}
	if err := p.device.Write(p.input, 0, channels(tile)); err != nil {
		return Picture{}, err
	}
	if err := p.device.Submit(p.ops...); err != nil {
		return Picture{}, err
	}
	out := NewPicture(p.scale*p.height, p.scale*p.width)
	words := make([]byte, 4*len(out.Pixels))
	if err := p.device.Read(p.output, 0, words); err != nil {
		return Picture{}, err
	}
	for i := range out.Pixels {
		out.Pixels[i] = byte(binary.LittleEndian.Uint32(words[4*i:]))
	}
	return out, nil
}

// channels returns the Inputs channels of each pixel.
func channels(p Picture) []byte {
	made := make([]byte, p.Height*p.Width*Inputs)
	for i, value := range p.Pixels {
		to := made[i/Colours*Inputs+i%Colours:]
		for part := range Colours {
			to[part*Colours] = min(value, 127)
			value -= min(value, 127)
		}
	}
	return made
}
