package service

// TellToStop gives the daemon of a home the order to stop.
var TellToStop = tellToStop
