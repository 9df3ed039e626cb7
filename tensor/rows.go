package tensor

// after moves an operand by elements, unless it is left out.
func after(o Operand, elements uint64) Operand {
	if !o.None() {
		o.Offset += elements
	}
	return o
}

// Rows divides an operation: it returns the number of its rows, about how many elements each has,
// and a function that returns the operation on `n` rows from `from` on, of which some operands may
// not begin at multiples of four bytes. The function is nil for an operation that is not divided.
func Rows(op Op) (rows, elements int, part func(from uint64, n uint32) Op) {
	switch o := op.(type) {
	case *Rescale:
		return int(o.Rows), int(o.Cols) * 4, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.Acc, p.Residual, p.Out = n, after(o.Acc, at), after(o.Residual, at), after(o.Out, at)
			if !o.OneRow {
				p.Row = after(o.Row, from)
			}
			return &p
		}
	case *Quant:
		return int(o.Rows), int(o.Cols) * 2, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.X, p.Out, p.Scale = n, after(o.X, at), after(o.Out, at), after(o.Scale, from)
			return &p
		}
	case *RMSNorm:
		return int(o.Rows), int(o.Cols) * 4, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.X, p.Out, p.Scale = n, after(o.X, at), after(o.Out, at), after(o.Scale, from)
			return &p
		}
	case *LayerNorm:
		return int(o.Rows), int(o.Cols) * 4, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.X, p.Out, p.Scale = n, after(o.X, at), after(o.Out, at), after(o.Scale, from)
			return &p
		}
	case *GroupNorm:
		return int(o.Batch), int(o.Pixels) * int(o.Channels) * 4, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Pixels)*uint64(o.Channels)
			p.Batch, p.X, p.Out = n, after(o.X, at), after(o.Out, at)
			return &p
		}
	case *Rope:
		return int(o.Rows), int(o.Heads) * int(o.Dim) * 4, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Heads)*uint64(o.Dim)
			p.Rows, p.From, p.X, p.Out = n, o.From+uint32(from), after(o.X, at), after(o.Out, at)
			return &p
		}
	}
	return flatRows(op)
}

// flatRows divides operations on elements and rows.
func flatRows(op Op) (rows, elements int, part func(from uint64, n uint32) Op) {
	switch o := op.(type) {
	case *Lookup:
		return int(o.Count), 2, func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.X, p.Out = n, after(o.X, from), after(o.Out, from)
			return &p
		}
	case *Gate:
		return int(o.Count), 4, func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.X, p.U, p.Out = n, after(o.X, from), after(o.U, from), after(o.Out, from)
			return &p
		}
	case *Clamp:
		return int(o.Count), 1, func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.X, p.Out = n, after(o.X, from), after(o.Out, from)
			return &p
		}
	case *Cast:
		return int(o.Count), 1, func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.X, p.Out = n, after(o.X, from), after(o.Out, from)
			return &p
		}
	case *Gather:
		return int(o.Count), int(o.Cols), func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.Index, p.Out = n, after(o.Index, from), after(o.Out, from*uint64(o.Cols))
			return &p
		}
	case *Binary:
		return int(o.Rows), int(o.Cols) * 2, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.A, p.Out = n, after(o.A, at), after(o.Out, at)
			switch {
			case o.OneRow:
			case o.OneCol:
				p.B = after(o.B, from)
			default:
				p.B = after(o.B, at)
			}
			return &p
		}
	case *Leaky:
		return int(o.Rows), int(o.Cols) * 2, func(from uint64, n uint32) Op {
			p, at := *o, from*uint64(o.Cols)
			p.Rows, p.X, p.Out = n, after(o.X, at), after(o.Out, at)
			return &p
		}
	}
	return reducedRows(op)
}

// reducedRows divides operations that make one or a few numbers of each row.
func reducedRows(op Op) (rows, elements int, part func(from uint64, n uint32) Op) {
	switch o := op.(type) {
	case *Sum:
		return int(o.Rows), int(o.Cols), func(from uint64, n uint32) Op {
			p := *o
			p.Rows, p.X, p.Out = n, after(o.X, from*uint64(o.Cols)), after(o.Out, from)
			return &p
		}
	case *Argmax:
		return int(o.Rows), int(o.Cols), func(from uint64, n uint32) Op {
			p := *o
			p.Rows, p.X, p.Out = n, after(o.X, from*uint64(o.Cols)), after(o.Out, from)
			return &p
		}
	case *TopK:
		return int(o.Rows), int(o.Cols) * 16, func(from uint64, n uint32) Op {
			p := *o
			at := from * uint64(o.K)
			p.Rows, p.X, p.Values, p.Places = n, after(o.X, from*uint64(o.Cols)), after(o.Values, at), after(o.Places, at)
			return &p
		}
	case *Noise:
		// A row is a block of four words.
		return int(o.Count+3) / 4, 32, func(from uint64, n uint32) Op {
			p := *o
			p.Count, p.First, p.Out = min(4*n, o.Count-uint32(4*from)), o.First+from, after(o.Out, 4*from)
			return &p
		}
	}
	return 0, 0, nil
}
