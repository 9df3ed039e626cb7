package meter

// queue is a list of locals without repetition. push adds a local at the front, and pop takes
// one from the back.
type queue struct {
	// next and last link the locals in a ring. The ring also contains a place after all
	// locals, which marks the end of the list. A local that is not in the list has -1.
	next, last []int32
	length     int
}

func (q *queue) init(locals int) {
	q.next, q.last = make([]int32, locals+1), make([]int32, locals+1)
	for i := range q.next {
		q.next[i] = -1
	}
	q.next[locals], q.last[locals] = int32(locals), int32(locals)
}

func (q *queue) end() int32 { return int32(len(q.next) - 1) }

// push puts a local at the front of the list.
func (q *queue) push(local uint32) {
	q.remove(local)
	end, at := q.end(), int32(local)
	first := q.next[end]
	q.next[end], q.next[at] = at, first
	q.last[at], q.last[first] = end, at
	q.length++
}

// pop takes the local at the back out of a list that is not empty.
func (q *queue) pop() uint32 {
	local := uint32(q.last[q.end()])
	q.remove(local)
	return local
}

func (q *queue) remove(local uint32) {
	if q.next[local] < 0 {
		return
	}
	next, last := q.next[local], q.last[local]
	q.next[last], q.last[next] = next, last
	q.next[local] = -1
	q.length--
}

func (q *queue) clear() {
	for q.length > 0 {
		q.pop()
	}
}
