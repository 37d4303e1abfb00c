//! A network of the tests' own. Their servers listen on this machine's loopback and trust whoever connects, superusers too:
//! no other user of the machine shall reach them there. Sockets lie in folders that only the servers' account may enter.

/// Leaves the machine's network for one that has a loopback and nothing else; says why that cannot be. To be called before
/// there is another thread.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has neither namespaces nor interfaces")]
pub fn enter() -> std::io::Result<()> {
    fn checked(outcome: i32) -> std::io::Result<i32> {
        if outcome < 0 { Err(std::io::Error::last_os_error()) } else { Ok(outcome) }
    }
    // SAFETY: plain system calls; the request is plain data that outlives them.
    unsafe {
        checked(libc::unshare(libc::CLONE_NEWNET))?;
        let socket = checked(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
        let mut request: libc::ifreq = std::mem::zeroed();
        for (place, byte) in request.ifr_name.iter_mut().zip(b"lo") {
            *place = *byte as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let raised = checked(libc::ioctl(socket, libc::SIOCSIFFLAGS, &request));
        libc::close(socket);
        raised.map(drop)
    }
}

#[cfg(not(target_os = "linux"))]
pub fn enter() -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
